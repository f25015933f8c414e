#include "objective/residual_test.hpp"

#include <gtest/gtest.h>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

TEST(ResidualTest, TellsNoiseFromAWrongOrder) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 10;
  options.width = 8;
  options.hidden = {16};
  options.rows = 2000;
  options.pair_signal = 1;
  for (const double noise : {0.0, 0.01, 0.1}) {
    options.noise = noise;
    const PlantedProblem problem = make_planted(options);
    Workbench bench(world, problem, {1, world.size()});
    Evaluator& evaluator = bench.evaluator();
    LinearModel model(evaluator);
    const std::size_t tiles = evaluator.rows().tiles();
    if (noise > 0) {
      ASSERT_TRUE(model.linearise(problem.truth.blocks, tiles, 1));
      const ResidualTest truth = test_residuals(model);
      EXPECT_TRUE(truth.noise) << "noise " << noise << ": " << truth.r_squared << " against " << truth.threshold;
    }
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      ASSERT_TRUE(model.linearise(shuffled_blocks(problem, seed), tiles, 1));
      const ResidualTest wrong = test_residuals(model);
      EXPECT_FALSE(wrong.noise) << "noise " << noise << ", order " << seed;
      EXPECT_GT(wrong.r_squared, 2 * wrong.threshold);
    }
  }
}

TEST(ResidualTest, FewRowsTellNothing) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 10;
  options.width = 8;
  options.hidden = {16};
  options.rows = 100;
  options.pair_signal = 1;
  options.noise = 0.1;
  const PlantedProblem problem = make_planted(options);
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(problem.truth.blocks, bench.evaluator().rows().tiles(), 1));
  EXPECT_FALSE(test_residuals(model).noise);
}

}  // namespace
}  // namespace kintsugi
