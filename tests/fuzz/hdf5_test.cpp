// Damaged and crafted HDF5 files: each is read or refused with a message, in little time and memory, whatever the HDF5
// library does on it. KINTSUGI_FUZZ_ROUNDS: files of each kind.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "fuzz/hdf5_mutation.hpp"
#include "io/analysis_file.hpp"
#include "io/file_sum.hpp"
#include "io/fuzzing.hpp"
#include "io/hdf5_editor.hpp"
#include "io/solution_sample.hpp"
#include "kintsugi/io/checkpoint_file.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

namespace fs = std::filesystem;
using testing::Hdf5Editor;

struct Format {
  std::string name;
  std::function<void(const fs::path&)> write;
  std::function<void(const fs::path&)> read;
};

void write_sample_problem(const fs::path& path) {
  NetworkF64 network;
  const std::array<std::array<std::size_t, 2>, 5> shapes{{{4, 3}, {3, 4}, {2, 3}, {3, 4}, {4, 3}}};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto [out, in] = shapes[i];
    network.pieces.push_back({static_cast<int>(i), out, in, std::vector<double>(out * in, 0.5),
                              std::vector<double>(out, 0.25), "piece_" + std::to_string(i)});
  }
  RowsF64 rows;
  rows.shape = {7, 3, 2};
  rows.inputs.assign(21, 1.5);
  rows.predictions.assign(14, -2);
  rows.targets.assign(14, 3);
  write_problem(path, network, rows, {{"created_by", "a test"}, {"host", "here"}});
}

/// As others write them: a text of variable length, numbers in chunks and compressed, big-endian ones.
void write_problem_of_others(const fs::path& path) {
  write_sample_problem(path);
  Hdf5Editor editor(path);
  editor.remove_attribute("activation");
  editor.variable_text("activation", "relu");
  editor.variable_text("remark", std::string(300, 'x'));
  editor.remove("/data/inputs");
  editor.dataset("/data/inputs", {7, 3}, std::vector<double>(21, 0.5), H5T_IEEE_F32LE, 2);
  editor.remove("/data/predictions");
  editor.dataset("/data/predictions", {7, 2}, std::vector<double>(14, 0.5), H5T_IEEE_F64BE);
}

void read_problem(const fs::path& path) {
  const ProblemFile file(path);
  static_cast<void>(file.network_f64());
  static_cast<void>(file.read_f64(0, file.shape().rows));
  static_cast<void>(file.provenance());
}

void write_sample_solution(const fs::path& path) {
  write_solution(path, testing::solution_network(), testing::sample_solution(), testing::sample_facts());
}

void read_all_of_solution(const fs::path& path) {
  static_cast<void>(read_answer(path));
  static_cast<void>(read_solution(path));
  static_cast<void>(names_problem(path));
}

void write_sample_study(const fs::path& path) {
  Study study;
  study.rows = study.work_rows = 7;
  study.pairing = {"trace", {0, 4}, {1, 3}, {1, 0}, {-1, -2}, 0, {}};
  study.pairing.scores.push_back({"trace", {1, 2, 3, 4}, 2, 3, 1, 4, 0, 0, 0, {{0, 3, 1, 2, 1}}});
  study.starts = {{"greedy", true, {1, 0}, 0.5, {}}};
  study.swaps.start = "greedy-reversed";
  study.swaps.gains = {0, 1, 0, 0};
  study.swaps.fit = {0.5, {1, -1}, {0, 1}, 3, true};
  study.transitivity.cyclic = {{0, 1, 1, 0.5}};
  study.transitivity.by_span = {{2, 1, 1}};
  study.repair = {{"greedy", 1, 2, 2, 0.25}};
  study.searches = {{"auto", 10, 1e-12, true}};
  write_study(path, study, {"problem.h5", "seed = 1\n", "0.2.0"});
}

void read_study(const fs::path& path) { static_cast<void>(read_analysis(path, {{0, 3}, {4, 1}})); }

const CheckpointKey kKey{.version = "1", .problem = {"w", "r", "relu"}, .options = "seed=1\n", .parameters = "f"};

void write_sample_checkpoint(const fs::path& path) {
  SearchState state;
  state.islands = {{1, -2, 3}, {}, {std::int64_t{1} << 62}};
  state.shared = {7};
  state.trajectory.resize(5);
  write_checkpoint(path, state, kKey);
}

void read_state(const fs::path& path) { static_cast<void>(read_checkpoint(path, kKey)); }

std::string content_of(const fs::path& path) { return testing::file_content(path); }

std::uint64_t rounds() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const given = std::getenv("KINTSUGI_FUZZ_ROUNDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 100;
}

/// What became of a file, in a word.
std::string outcome_of(const Format& format, const fs::path& path) {
  try {
    format.read(path);
    return "read";
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.rfind(path.string(), 0), 0U) << text;
    if (text.find("crashed") != std::string::npos) return "HDF5 crashed";
    if (text.find("took too") != std::string::npos) return "HDF5 took too long";
    return "refused";
  }
}

double megabytes_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

class Hdf5Files : public ::testing::TestWithParam<Format> {};

TEST_P(Hdf5Files, AreReadOrRefused) {
  const Format& format = GetParam();
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "f.h5";
  format.write(path);
  format.read(path);  // what is damaged must be valid to begin with
  const std::string whole = content_of(path);
  const std::size_t sum = sum_line("").size();
  const bool has_sum = whole.find("\nsha256 ", whole.size() - sum) != std::string::npos;
  const std::string bare = has_sum ? whole.substr(0, whole.size() - sum) : whole;
  std::map<std::string, int> counts;
  double slowest = 0;
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    Random random(testing::fuzz_seed(), std::hash<std::string>()(format.name), round);
    std::string damaged = round % 4 == 0 ? testing::mutate(bare, random) : fuzzing::mutate_structure(bare, random);
    damaged += sum_line(damaged);  // whoever crafts a file can do this, too
    fs::remove(path);
    std::ofstream(path, std::ios::binary) << damaged;
    const auto start = std::chrono::steady_clock::now();
    SCOPED_TRACE("round " + std::to_string(round));
    ++counts[outcome_of(format, path)];
    slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::cout << format.name << ": " << rounds() << " files";
  for (const auto& [outcome, count] : counts) std::cout << ", " << outcome << " " << count;
  std::cout << "; slowest " << slowest << " s, largest child " << megabytes_of_children() << " MB\n";
  constexpr double kMostSeconds = 60;  // a child has two of processor time
  EXPECT_LT(slowest, kMostSeconds);
  EXPECT_LT(megabytes_of_children(), 1024);
  EXPECT_GT(counts["refused"], 0);
}

TEST_P(Hdf5Files, AFlippedBitIsDamage) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "f.h5";
  GetParam().write(path);
  const std::string whole = content_of(path);
  if (whole.find("\nsha256 ", whole.size() - sum_line("").size()) == std::string::npos) return;  // of others
  for (std::uint64_t round = 0; round < rounds(); ++round) {
    Random random(testing::fuzz_seed(), round);
    std::string damaged = whole;
    constexpr std::size_t kOpenForWriting = 20;  // a note of HDF5's that comes and goes
    const std::size_t at = random.below(whole.size() - sum_line("").size());
    if (at == kOpenForWriting) continue;
    damaged[at] ^= static_cast<char>(1U << random.below(8));
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_EQ(outcome_of(GetParam(), path), "refused") << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Hdf5Files,
                         ::testing::Values(Format{"problem", write_sample_problem, read_problem},
                                           Format{"problem_of_others", write_problem_of_others, read_problem},
                                           Format{"solution", write_sample_solution, read_all_of_solution},
                                           Format{"analysis", write_sample_study, read_study},
                                           Format{"checkpoint", write_sample_checkpoint, read_state}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace kintsugi
