#include "objective/rounding_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "objective/error_floor.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Workbench;

Blocks swapped_at(Blocks order, std::size_t at) {
  std::swap(order[at], order[at + 1]);
  return order;
}

RoundingVerdict judged(const PlantedProblem& problem, const Blocks& order) {
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  const ErrorFloor floor(bench.evaluator(), 0);
  return floor.judge(bench.evaluator(), order, bench.evaluator().check(order).outputs);
}

TEST(RoundingCheck, ExplainsTheTruthAlone) {
  for (const Activation activation : {Activation::relu, Activation::gelu}) {
    PlantedOptions options;
    options.blocks = 6;
    options.width = 8;
    options.hidden = {16, 12};
    options.rows = 300;
    options.pair_signal = 1;
    options.outputs = 2;
    options.activation = activation;
    const PlantedProblem problem = make_planted(options);
    EXPECT_LE(judged(problem, problem.truth.blocks).excess, 0.5);
    EXPECT_GT(judged(problem, swapped_at(problem.truth.blocks, 2)).excess, 1);
  }
}

TEST(RoundingCheck, AnOutlyingRowMakesNoRoom) {
  PlantedProblem problem = make_planted(6, 8, 300);
  for (std::size_t f = 0; f < 8; ++f) problem.rows->inputs[f] *= 1e4F;
  const testing::Reference reference(problem);
  const std::vector<double> errors = reference.row_errors(problem.truth.blocks, 0);
  problem.rows->predictions[0] = static_cast<float>(problem.rows->predictions[0] + errors[0]);
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  const ErrorFloor floor(bench.evaluator(), 0);
  // By the spread of all predictions this would do; the other rows say no.
  PlantedProblem wrong = problem;
  wrong.rows = std::make_shared<Rows>(*problem.rows);
  wrong.rows->predictions[1] += 1e-3F;
  EXPECT_LT(1e-6 / 300, floor.target(300));
  EXPECT_LE(judged(problem, problem.truth.blocks).excess, 1);
  EXPECT_GT(judged(wrong, problem.truth.blocks).excess, 1);
}

TEST(RoundingCheck, IsEqualForAnyGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(5, 8, 333);
  const Blocks order = swapped_at(problem.truth.blocks, 1);
  Workbench plain(world, problem, {1, world.size()});
  const auto checked = [&](Workbench& bench) {
    return check_rounding(bench.evaluator(), order, bench.evaluator().check(order).outputs, {}, {});
  };
  const RoundingVerdict expected = checked(plain);
  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem, {1, 1});
  EXPECT_EQ(checked(alone).excess, expected.excess);
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const RoundingVerdict found = checked(bench);
    EXPECT_EQ(found.excess, expected.excess);
    EXPECT_EQ(found.explained, expected.explained);
  }
}

TEST(RoundingCheck, AnOffsetIsNoError) {
  PlantedProblem problem = make_planted(6, 8, 300);
  Piece& head = problem.network.pieces[static_cast<std::size_t>(problem.truth.head)];
  head.bias[0] += 2020;
  const testing::Reference before(problem);
  for (std::size_t row = 0; row < 300; ++row) {
    float& prediction = problem.rows->predictions[row];
    prediction = static_cast<float>(prediction + before.row_errors(problem.truth.blocks, row)[0]);
  }
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  const ErrorFloor floor(bench.evaluator(), 0);
  const Evaluator::Check right = bench.evaluator().check(problem.truth.blocks);
  EXPECT_LE(right.mse, floor.target(300));
  EXPECT_TRUE(floor.is_solved(right.mse, floor.judge(bench.evaluator(), problem.truth.blocks, right.outputs)));
  const Blocks other = swapped_at(problem.truth.blocks, 1);
  const Evaluator::Check wrong = bench.evaluator().check(other);
  EXPECT_FALSE(floor.is_solved(wrong.mse, floor.judge(bench.evaluator(), other, wrong.outputs)));
}

}  // namespace
}  // namespace kintsugi
