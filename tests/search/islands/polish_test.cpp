#include "search/islands/polish.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "objective/reference.hpp"
#include "search/islands/planted_islands.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::PlantedIslands;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;

/// Steps so small that swaps of neighbours are far below what float32 tells apart beside the target.
PlantedProblem tiny_steps() {
  PlantedOptions options;
  options.blocks = 8;
  options.width = 12;
  options.hidden = {24};
  options.rows = 900;
  options.residual = 0.003;
  return testing::make_planted(options);
}

class Polish : public ::testing::Test {
 protected:
  Answer polished(const PlantedProblem& problem, const Blocks& order, const Parameters& parameters = {}) {
    PlantedIslands place(world_, problem, options_);
    Answer answer{.blocks = order};
    const Evaluator::Check check = place.evaluator().check(order);
    answer.mse = check.mse;
    answer.scaled = check.scaled;
    answer.largest_error = check.largest_error;
    answer.verdict = place.floor().judge(place.evaluator(), order, check.outputs);
    answer.solved = place.floor().is_solved(answer.mse, answer.verdict);
    polish(place.group(), place.floor(), parameters, 1000, answer);
    return answer;
  }

  const mpi::Comm world_ = mpi::Comm::world();
  SearchOptions options_;
};

TEST_F(Polish, LeavesNoSwapThatLowersTheErrorInFloat64) {
  const PlantedProblem problem = tiny_steps();
  const Reference reference(problem);
  Blocks order = problem.truth.blocks;
  std::swap(order[1], order[2]);
  std::swap(order[5], order[6]);
  const std::size_t tiles = (problem.rows->shape.rows + 31) / 32;
  const double before = reference.mse(order, tiles);
  const Answer answer = polished(problem, order);
  const double after = reference.mse(answer.blocks, tiles);
  EXPECT_LT(after, before);
  EXPECT_LE(after, reference.mse(problem.truth.blocks, tiles));
  for (std::size_t p = 0; p + 1 < order.size(); ++p) {
    Blocks other = answer.blocks;
    std::swap(other[p], other[p + 1]);
    EXPECT_GT(reference.mse(other, tiles), after * (1 - 1e-6)) << p;
  }
}

TEST_F(Polish, ExchangesPiecesThatDoNearlyTheSame) {
  PlantedProblem problem = tiny_steps();
  const Blocks& truth = problem.truth.blocks;
  const auto piece = [&](int position) -> Piece& { return problem.network.pieces[static_cast<std::size_t>(position)]; };
  piece(truth[6].compress).weight = piece(truth[2].compress).weight;
  piece(truth[6].compress).bias = piece(truth[2].compress).bias;
  for (float& weight : piece(truth[6].compress).weight) weight *= 1.0001F;
  const Reference reference(problem);
  const std::size_t tiles = (problem.rows->shape.rows + 31) / 32;
  // The predictions are those of these pieces.
  PlantedProblem own = problem;
  auto rows = std::make_shared<Rows>(*problem.rows);
  for (std::size_t row = 0; row < rows->shape.rows; ++row)
    rows->predictions[row] += static_cast<float>(reference.row_errors(truth, row)[0]);
  own.rows = rows;
  Blocks mixed = truth;
  std::swap(mixed[2].compress, mixed[6].compress);
  const Reference own_reference(own);
  EXPECT_LE(own_reference.mse(polished(own, mixed).blocks, tiles), own_reference.mse(truth, tiles) * (1 + 1e-6));
}

TEST_F(Polish, KeepsWhatEachSwapMakesWorse) {
  const PlantedProblem problem = testing::make_planted(6, 10, 200);
  EXPECT_EQ(polished(problem, problem.truth.blocks).blocks, problem.truth.blocks);
}

TEST_F(Polish, TakesNoOrderThatRoundingDoesNotExplain) {
  const PlantedProblem problem = testing::make_planted(6, 10, 200);
  Blocks order = problem.truth.blocks;
  std::swap(order[0], order[5]);
  std::swap(order[2], order[3]);
  const Answer answer = polished(problem, order);
  EXPECT_TRUE(answer.blocks == order || answer.verdict.excess <= 1);
}

TEST_F(Polish, DoesNoMoreThanItsBudgetAllows) {
  const PlantedProblem problem = tiny_steps();
  Parameters parameters;
  parameters.polish.evaluations = parameters.polish.least_evaluations = 0;
  parameters.polish.least_products = 0;
  Blocks order = problem.truth.blocks;
  std::swap(order[1], order[2]);
  EXPECT_EQ(polished(problem, order, parameters).blocks, order);
}

}  // namespace
}  // namespace kintsugi
