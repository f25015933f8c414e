#include "kintsugi/io/checkpoint_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "io/expect_error.hpp"
#include "io/hdf5_editor.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;
using testing::file_content;
using testing::Hdf5Editor;

const CheckpointKey kKey{.version = "0.2.0+1a2b3c4d5e",
                         .problem = {"w", "r", "relu"},
                         .options = "seed=1\nsearch=auto\n",
                         .parameters = "f"};

SearchState sample_state(double seconds) {
  SearchState state;
  state.islands = {{1, -2, 3}, {}, {std::int64_t{1} << 62}};
  state.shared = {7};
  state.trajectory.push_back({.step = 4, .island = 1, .rows = 64, .mse = 0.25, .best = 0.125, .seconds = 2});
  state.seconds = seconds;
  return state;
}

class CheckpointFiles : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "c.h5"; }

  /// Changes the file's HDF5 part, and has the checksum behind it fit again.
  void edit(const std::function<void(Hdf5Editor&)>& change) const {
    const std::size_t sum_line = 64 + std::string("\nsha256 \n").size();
    const std::string content = file_content(path());
    write_content(content.substr(0, content.size() - sum_line));
    {
      Hdf5Editor editor(path());
      change(editor);
    }
    const std::string changed = file_content(path());
    write_content(changed + "\nsha256 " + sha256_hex(changed) + "\n");
  }

  testing::ScratchFolder folder_;

 private:
  void write_content(const std::string& content) const { std::ofstream(path(), std::ios::binary) << content; }
};

TEST_F(CheckpointFiles, GiveTheStateBack) {
  write_checkpoint(path(), sample_state(1.5), kKey);
  const SearchState read = read_checkpoint(path(), kKey);
  const SearchState wrote = sample_state(1.5);
  EXPECT_EQ(read.islands, wrote.islands);
  EXPECT_EQ(read.shared, wrote.shared);
  ASSERT_EQ(read.trajectory.size(), 1U);
  EXPECT_EQ(read.trajectory[0].step, 4);
  EXPECT_EQ(read.trajectory[0].best, 0.125);
  EXPECT_EQ(read.seconds, 1.5);
}

TEST_F(CheckpointFiles, AnotherKeyIsRefusedAndAllThatDiffersNamed) {
  write_checkpoint(path(), sample_state(0), kKey);
  const auto expect_refused = [&](const std::function<void(CheckpointKey&)>& change,
                                  std::initializer_list<std::string> parts) {
    CheckpointKey key = kKey;
    change(key);
    expect_error<InputError>([&] { static_cast<void>(read_checkpoint(path(), key)); }, {"c.h5: "});
    expect_error<InputError>([&] { static_cast<void>(find_checkpoint(path(), key)); }, parts);
  };
  expect_refused([](CheckpointKey& key) { key.problem.weights = "q"; }, {"belongs to a problem with other weights"});
  expect_refused([](CheckpointKey& key) { key.problem.rows = "q"; }, {"belongs to a problem with other rows"});
  expect_refused([](CheckpointKey& key) { key.problem.activation = "gelu"; }, {"the activation relu instead of gelu"});
  expect_refused([](CheckpointKey& key) { key.version = "0.2.0+ffffffffff"; },
                 {"kintsugi 0.2.0+1a2b3c4d5e", "this is 0.2.0+ffffffffff"});
  expect_refused([](CheckpointKey& key) { key.layout = kStateLayout + 1; },
                 {"layout " + std::to_string(kStateLayout), "reads " + std::to_string(kStateLayout + 1)});
  expect_refused([](CheckpointKey& key) { key.parameters = "g"; }, {"other parameters"});
  expect_refused([](CheckpointKey& key) { key.options = "seed=2\nsearch=tabu\ndescent.probes=8\n"; },
                 {"was made with descent.probes=default, search=auto, seed=1, but this run has descent.probes=8, "
                  "search=tabu, seed=2"});
  expect_refused([](CheckpointKey& key) { key.problem.weights = "q", key.options = "seed=1\n"; },
                 {"with other weights; it was made with search=auto, but this run has search=default"});
}

TEST_F(CheckpointFiles, OfAnOlderFormatAreRefusedWithBothVersions) {
  write_checkpoint(path(), sample_state(0), kKey);
  edit([](Hdf5Editor& file) { file.remove_attribute("format_version"), file.integer("format_version", 1); });
  expect_error<InputError>([&] { static_cast<void>(find_checkpoint(path(), kKey)); },
                           {"c.h5: has format_version 1, but this program reads 3"});
}

TEST_F(CheckpointFiles, OfAnOlderFormatAreNotPassedOverForTheOneBefore) {
  write_checkpoint(path(), sample_state(1), kKey);
  write_checkpoint(path(), sample_state(2), kKey);
  edit([](Hdf5Editor& file) { file.remove_attribute("format_version"), file.integer("format_version", 1); });
  EXPECT_THROW(static_cast<void>(find_checkpoint(path(), kKey)), InputError);
}

TEST_F(CheckpointFiles, TheOneBeforeIsKept) {
  write_checkpoint(path(), sample_state(1), kKey);
  EXPECT_FALSE(std::filesystem::exists(previous_checkpoint(path())));
  write_checkpoint(path(), sample_state(2), kKey);
  EXPECT_EQ(read_checkpoint(path(), kKey).seconds, 2);
  EXPECT_EQ(read_checkpoint(previous_checkpoint(path()), kKey).seconds, 1);
}

TEST_F(CheckpointFiles, TheOneBeforeIsKeptWhereTheNewestIsGone) {
  write_checkpoint(path(), sample_state(1), kKey);
  write_checkpoint(path(), sample_state(2), kKey);
  std::filesystem::remove(path());
  write_checkpoint(path(), sample_state(3), kKey);
  EXPECT_EQ(read_checkpoint(path(), kKey).seconds, 3);
  EXPECT_EQ(read_checkpoint(previous_checkpoint(path()), kKey).seconds, 1);
}

TEST_F(CheckpointFiles, TheFileIsThereWhileTheNextIsWritten) {
  write_checkpoint(path(), sample_state(0), kKey);
  std::atomic<bool> is_over = false;
  std::int64_t missed = 0;
  std::int64_t looks = 0;
  std::thread reader([&] {
    for (; !is_over; ++looks) missed += ::access(path().c_str(), F_OK) == 0 ? 0 : 1;
  });
  for (int i = 1; i <= 200; ++i) write_checkpoint(path(), sample_state(i), kKey);
  is_over = true;
  reader.join();
  EXPECT_GT(looks, 200);
  EXPECT_EQ(missed, 0);
}

TEST_F(CheckpointFiles, WhereTheOneBeforeCannotBeKeptItIsSaid) {
  write_checkpoint(path(), sample_state(1), kKey);
  std::filesystem::create_directories(previous_checkpoint(path()) / "in the way");
  expect_error<InternalError>([&] { write_checkpoint(path(), sample_state(2), kKey); },
                              {"c.h5: cannot be kept as ", "c.h5.previous: "});
  EXPECT_EQ(read_checkpoint(path(), kKey).seconds, 1);
  expect_error<InputError>([&] { static_cast<void>(read_checkpoint(previous_checkpoint(path()), kKey)); },
                           {"c.h5.previous: is not a regular file"});
}

}  // namespace
}  // namespace kintsugi
