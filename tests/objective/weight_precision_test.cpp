#include "objective/weight_precision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "objective/error_floor.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Workbench;

/// The problem with its weights rounded to so many significant bits; the data stay those of the weights before.
PlantedProblem rounded_to(int bits) {
  PlantedProblem problem = make_planted(6, 8, 300);
  for (Piece& piece : problem.network.pieces) {
    for (std::vector<float>* numbers : {&piece.weight, &piece.bias}) {
      for (float& value : *numbers) {
        if (value == 0) continue;
        const int shift = std::min(24, bits - 1 - std::ilogb(value));  // float16 has no finer step
        value = std::ldexp(std::nearbyint(std::ldexp(value, shift)), -shift);
      }
    }
  }
  return problem;
}

class WeightPrecisionTest : public ::testing::TestWithParam<std::pair<int, WeightPrecision>> {};

TEST_P(WeightPrecisionTest, IsFoundAndExplainsTheTruthAlone) {
  const auto [bits, precision] = GetParam();
  const PlantedProblem problem = rounded_to(bits);
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  Evaluator& evaluator = bench.evaluator();
  EXPECT_EQ(evaluator.weights().precision(), precision);
  const Blocks& truth = problem.truth.blocks;
  const double mse = evaluator.check(truth).mse;
  const double expected = precision_error(evaluator, truth, precision, 300, 8);
  EXPECT_LT(expected, 3 * mse);
  EXPECT_GT(expected, mse / 3);
  const ErrorFloor floor(evaluator, 0);
  EXPECT_LE(mse, floor.precision_target(evaluator, truth));
  EXPECT_GT(floor.judge(evaluator, truth, evaluator.check(truth).outputs).excess, 1) << "float32 does not explain it";
  EXPECT_EQ(ErrorFloor(evaluator, 1e-3).precision_target(evaluator, truth), 0) << "a tolerance decides alone";

  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem, {1, 1});
  EXPECT_EQ(precision_error(alone.evaluator(), truth, precision, 300, 8), expected);
}

INSTANTIATE_TEST_SUITE_P(Formats, WeightPrecisionTest,
                         ::testing::Values(std::pair(11, WeightPrecision::float16),
                                           std::pair(8, WeightPrecision::bfloat16)));

TEST(WeightPrecision, OneWeightOfFloat32IsEnough) {
  PlantedProblem problem = rounded_to(11);
  problem.network.pieces[3].weight[5] = 0.1F;
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  EXPECT_EQ(bench.evaluator().weights().precision(), WeightPrecision::float32);
  EXPECT_EQ(precision_error(bench.evaluator(), problem.truth.blocks, WeightPrecision::float32, 300, 4), 0);
}

}  // namespace
}  // namespace kintsugi
