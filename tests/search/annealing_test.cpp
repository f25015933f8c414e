#include "search/rounds/annealing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "objective/reference.hpp"
#include "search/local/descent.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

class AnnealingOnPlanted : public ::testing::Test {
 protected:
  Evaluator& evaluator() { return bench_.evaluator(); }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(16, 10, 32 * kTiles);
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
};

TEST_F(AnnealingOnPlanted, RoundsEndAndLengthenAndTheirErrorsAreTrue) {
  Annealing annealing(evaluator(), model_, Random(5), {});
  const Blocks start = shuffled_blocks(problem_, 6);
  const double error = evaluator().error(start, kTiles);
  std::vector<int> lengths;
  double lowest = error;
  for (int round = 0; round < 2; ++round) {
    annealing.begin({start, error, kTiles});
    int steps = 1;
    while (!annealing.step().stuck) {
      ++steps;
      if (steps % 10 == 0) {
        const double exact = evaluator().error(annealing.current().blocks, kTiles);
        EXPECT_NEAR(annealing.current().mse, exact, 1e-5 * exact + 1e-14);
      }
    }
    lengths.push_back(steps);
    lowest = std::min(lowest, annealing.current().mse);
  }
  EXPECT_LE(lengths[0], 100);
  EXPECT_GT(lengths[1], lengths[0]) << "twice as long, unless it froze";
  EXPECT_LT(lowest, 0.1 * error);
}

TEST_F(AnnealingOnPlanted, GoesOnFromItsState) {
  Annealing first(evaluator(), model_, Random(5), {});
  const Blocks start = shuffled_blocks(problem_, 6);
  first.begin({start, evaluator().error(start, kTiles), kTiles});
  for (int i = 0; i < 20; ++i) (void)first.step();
  StateArchive written;
  first.state(written);
  Annealing second(evaluator(), model_, Random(99), {});
  StateArchive archive(written.words());
  second.state(archive);
  EXPECT_TRUE(archive.at_end());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(first.step().stuck, second.step().stuck);
    ASSERT_EQ(first.current().blocks, second.current().blocks);
    ASSERT_EQ(first.current().mse, second.current().mse);
  }
}

TEST(Annealing, GetsWhereDescentsFreeze) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 40;
  options.width = 16;
  options.hidden = {32};
  options.rows = 32 * 16;
  options.residual = 0.1;
  const PlantedProblem problem = make_planted(options);
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  const Blocks start = shuffled_blocks(problem, 1);
  Descent descent(bench.evaluator(), model, 0, {});
  descent.begin({start, bench.evaluator().error(start, 16), 16});
  while (!descent.step().stuck) continue;
  ASSERT_NE(descent.current().blocks, problem.truth.blocks) << "a descent suffices here";
  Annealing annealing(bench.evaluator(), model, Random(1), {});
  for (int round = 0; round < 3; ++round) {
    annealing.begin(descent.current());
    while (!annealing.step().stuck) continue;
    if (annealing.current().mse < 0.05 * descent.current().mse) break;
  }
  EXPECT_LT(annealing.current().mse, 0.05 * descent.current().mse);
}

}  // namespace
}  // namespace kintsugi
