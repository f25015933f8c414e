#include "io/problem_writer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "kintsugi/core/error.hpp"
#include "support/environment.hpp"
#include "support/planted.hpp"

namespace kintsugi {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

testing::PlantedProblem small_problem(bool biases = true) {
  PlantedOptions options;
  options.blocks = 7;
  options.width = 9;
  options.hidden = {5, 12};
  options.outputs = 2;
  options.rows = 70;
  options.biases = biases;
  options.pair_signal = 0;
  options.activation = Activation::gelu;
  return testing::make_planted(options);
}

ProblemLayout layout_of(const testing::PlantedProblem& problem, bool targets) {
  ProblemLayout layout;
  layout.activation = problem.network.activation;
  for (const Piece& piece : problem.network.pieces) {
    layout.pieces.push_back({piece.out, piece.in, !piece.bias.empty()});
  }
  layout.rows = problem.rows->shape;
  layout.targets = targets;
  layout.provenance = {{"created_by", "a test"}, {"remark", "two words"}};
  return layout;
}

/// Rows [first, first + count) of a row-major array.
std::span<const float> rows_of(const std::vector<float>& values, std::size_t width, std::size_t first,
                               std::size_t count) {
  return std::span(values).subspan(first * width, count * width);
}

void write(const fs::path& path, const testing::PlantedProblem& problem, bool targets, bool backwards) {
  ProblemWriter writer(path, layout_of(problem, targets));
  std::vector<Piece> pieces = problem.network.pieces;
  if (backwards) std::reverse(pieces.begin(), pieces.end());
  std::vector<std::pair<std::size_t, std::size_t>> slabs{{0, 33}, {33, 1}, {34, 36}};
  if (backwards) std::swap(slabs[0], slabs[2]);
  for (const auto& [first, count] : slabs) {
    writer.write_inputs(first, rows_of(problem.rows->inputs, 9, first, count));
    writer.write_predictions(first, rows_of(problem.rows->predictions, 2, first, count));
    if (targets) writer.write_targets(first, rows_of(problem.rows->predictions, 2, first, count));
  }
  for (const Piece& piece : pieces) writer.write_piece(piece);
  EXPECT_FALSE(fs::exists(path));
  writer.finish();
}

TEST(ProblemWriter, IsReadBackAsItWasWritten) {
  for (const bool biases : {true, false}) {
    for (const bool targets : {true, false}) {
      const testing::ScratchFolder folder;
      const testing::PlantedProblem problem = small_problem(biases);
      const fs::path path = folder.path() / "p.h5";
      write(path, problem, targets, false);
      EXPECT_EQ(files_in(folder.path()), 1U);

      ProblemFile file(path);
      EXPECT_EQ(file.shape().rows, 70U);
      EXPECT_EQ(file.shape().width, 9U);
      EXPECT_EQ(file.shape().outputs, 2U);
      EXPECT_EQ(file.activation(), Activation::gelu);
      EXPECT_EQ(file.has_targets(), targets);
      EXPECT_EQ(file.provenance(), layout_of(problem, targets).provenance);
      const Network network = file.network();
      ASSERT_EQ(network.pieces.size(), problem.network.pieces.size());
      for (std::size_t i = 0; i < network.pieces.size(); ++i) {
        EXPECT_EQ(network.pieces[i].weight, problem.network.pieces[i].weight);
        EXPECT_EQ(network.pieces[i].bias, problem.network.pieces[i].bias);
        EXPECT_EQ(network.pieces[i].out, problem.network.pieces[i].out);
        EXPECT_EQ(network.pieces[i].source, problem.network.pieces[i].source);
      }
      std::vector<float> inputs(70 * 9);
      std::vector<float> predictions(70 * 2);
      file.read(0, 70, inputs, predictions);
      EXPECT_EQ(inputs, problem.rows->inputs);
      EXPECT_EQ(predictions, problem.rows->predictions);
    }
  }
}

TEST(ProblemWriter, TheOrderOfThePartsDoesNotShow) {
  const testing::ScratchFolder folder;
  const testing::PlantedProblem problem = small_problem();
  write(folder.path() / "a.h5", problem, true, false);
  write(folder.path() / "b.h5", problem, true, true);
  EXPECT_EQ(content(folder.path() / "a.h5"), content(folder.path() / "b.h5"));
}

TEST(ProblemWriter, LeavesNothingBehindWhereAPartIsMissing) {
  const testing::ScratchFolder folder;
  const testing::PlantedProblem problem = small_problem();
  {
    ProblemWriter writer(folder.path() / "p.h5", layout_of(problem, false));
    writer.write_inputs(0, problem.rows->inputs);
    for (const Piece& piece : problem.network.pieces) writer.write_piece(piece);
    try {
      writer.finish();
      FAIL() << "predictions are missing";
    } catch (const InternalError& error) {
      EXPECT_NE(std::string(error.what()).find("predictions has 0 of 70 rows"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(files_in(folder.path()), 0U);
}

TEST(ProblemWriter, RefusesWhatDoesNotFitTheLayout) {
  const testing::ScratchFolder folder;
  const testing::PlantedProblem problem = small_problem();
  ProblemWriter writer(folder.path() / "p.h5", layout_of(problem, false));
  Piece piece = problem.network.pieces[0];
  piece.index = 15;
  EXPECT_THROW(writer.write_piece(piece), InternalError);
  piece.index = 0;
  piece.bias.clear();
  EXPECT_THROW(writer.write_piece(piece), InternalError);
  EXPECT_THROW(writer.write_inputs(70, rows_of(problem.rows->inputs, 9, 0, 1)), InternalError);
  EXPECT_THROW(writer.write_inputs(0, rows_of(problem.rows->inputs, 1, 0, 5)), InternalError);
  EXPECT_THROW(writer.write_targets(0, rows_of(problem.rows->predictions, 2, 0, 1)), InternalError);
  EXPECT_THROW(ProblemWriter(folder.path() / "no" / "p.h5", layout_of(problem, false)), UsageError);
}

TEST(ProblemWriter, ADiskThatIsFullIsAnErrorAtOnceAndLeavesWhatWasThere) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "p.h5";
  std::ofstream(path) << "old";
  const testing::PlantedProblem problem = small_problem();

  // The limit stands in for a full disk.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message = "no error";
  try {
    const ProblemWriter writer(path, layout_of(problem, false));
  } catch (const InternalError& error) {
    message = error.what();
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("p.h5: cannot be written: "), std::string::npos) << message;
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

}  // namespace
}  // namespace kintsugi
