#include "search/rounds/annealing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/screen.hpp"
#include "objective/model_walk.hpp"
#include "objective/reference.hpp"
#include "search/local/descent.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

// The MSE that a table's model gives an order, by plain float64 loops.
double predicted(const EffectTable& table, const std::vector<int>& order) {
  double sum = 0;
  for (std::size_t row = 0; row < table.rows; ++row) {
    double error = table.errors[row];
    for (std::size_t p = 0; p < order.size(); ++p) {
      for (std::size_t q = p + 1; q < order.size(); ++q) {
        if (order[p] < order[q]) continue;
        error += table.effect(static_cast<std::size_t>(order[q]), static_cast<std::size_t>(order[p]))[row];
      }
    }
    sum += error * error;
  }
  return sum * table.to_mse;
}

double strayed(const EffectTable& table, const std::vector<int>& order) {
  double sum = 0;
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t q = p + 1; q < order.size(); ++q) {
      if (order[p] > order[q])
        sum += table.sizes[table.pair(static_cast<std::size_t>(order[q]), static_cast<std::size_t>(order[p]))];
    }
  }
  return sum;
}

TEST(EffectTable, IsTheModelOnEveryRankAndGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  const std::size_t reach = order.size() - 1;
  Workbench alone(self, problem, {1, 1});
  FirstOrderModel whole(alone.evaluator());
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EffectTable expected;
  whole.gather(expected, kAnyBytes);
  EXPECT_EQ(expected.rows, kTiles * 2 * 32);
  const std::span<const double> screen = whole.screen(reach);
  for (std::size_t a = 0; a + 1 < order.size(); ++a) {
    // Neighbours' swap, as an insertion.
    kernels::TileBuffer moved(expected.rows);
    const double change = expected.to_mse * kernels::pass_block(expected.rows, 1, expected.effect(a, a + 1),
                                                                expected.errors.data(), moved.data());
    const double screened = screen[a * (2 * reach + 1) + reach + 1];
    EXPECT_NEAR(change, screened, 1e-4 * std::fabs(screened) + 1e-9);
    EXPECT_GT(expected.sizes[expected.pair(a, a + 1)], 0);
  }
  for (const Grid& grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    FirstOrderModel model(bench.evaluator());
    ASSERT_TRUE(model.linearise(order, kTiles));
    EffectTable table;
    model.gather(table, kAnyBytes);
    EXPECT_EQ(table.effects, expected.effects);
    EXPECT_EQ(table.errors, expected.errors);
    EXPECT_EQ(table.sizes, expected.sizes);
    EXPECT_EQ(table.to_mse, expected.to_mse);
    // Less memory: the first tiles, with errors that stand for the whole sample's.
    EffectTable small;
    model.gather(small, 2 * 36 * 2 * 32 * sizeof(float) + 1);
    EXPECT_EQ(small.rows, 2 * 2 * 32U);
    EXPECT_TRUE(std::equal(small.errors.begin(), small.errors.end(), expected.errors.begin()));
    EXPECT_EQ(small.effect(2, 5)[70], expected.effect(2, 5)[70]);
    EXPECT_NEAR(predicted(small, {0, 1, 2, 3, 4, 5, 6, 7, 8}), model.base_error(), 1e-6 * model.base_error());
  }
}

class AnnealingOnPlanted : public ::testing::Test {
 protected:
  Evaluator& evaluator() { return bench_.evaluator(); }
  EffectTable table(const Blocks& order) {
    EffectTable result;
    EXPECT_TRUE(model_.linearise(order, kTiles));
    model_.gather(result, kAnyBytes);
    return result;
  }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(16, 10, 32 * kTiles);
  Workbench bench_{world_, problem_, {1, world_.size()}};
  FirstOrderModel model_{bench_.evaluator()};
};

TEST_F(AnnealingOnPlanted, WalksKeepAccount) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  for (const double temperature : {1e-6, 1e-3, 1.0}) {
    ModelWalk walk(table, Random(3));
    const double start = walk.predicted();
    EXPECT_NEAR(start, model_.base_error(), 1e-9 * start);
    EXPECT_EQ(walk.strayed(), 0);
    for (int i = 0; i < 40; ++i) {
      walk.run(5, temperature, 1e9);
      EXPECT_NEAR(walk.predicted(), predicted(table, walk.order()), 1e-4 * start);
      EXPECT_NEAR(walk.strayed(), strayed(table, walk.order()), 1e-9 * start);
    }
    std::vector<int> sorted = walk.order();
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], static_cast<int>(i));
  }
}

TEST_F(AnnealingOnPlanted, ColdWalksDescendAndHotOnesForget) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  ModelWalk cold(table, Random(1));
  double last = cold.predicted();
  for (int i = 0; i < 100; ++i) {
    cold.run(1, 1e-12, 1e9);
    EXPECT_LE(cold.predicted(), last * (1 + 1e-5));
    last = cold.predicted();
  }
  // Where everything is accepted orders become random ones, with half of the 120 pairs inverted in the mean, and a
  // standard deviation of sqrt(n (n - 1) (2 n + 5) / 72) = 11.1 inversions.
  constexpr int kWalks = 40;
  double inverted = 0;
  for (int i = 0; i < kWalks; ++i) {
    ModelWalk hot(table, Random(1, static_cast<std::uint64_t>(i)));
    hot.run(400, 1e9, 1e9);
    for (std::size_t p = 0; p < hot.order().size(); ++p) {
      for (std::size_t q = p + 1; q < hot.order().size(); ++q) inverted += hot.order()[p] > hot.order()[q] ? 1 : 0;
    }
  }
  EXPECT_NEAR(inverted / kWalks, 60, 4 * 11.1 / std::sqrt(kWalks));
}

TEST_F(AnnealingOnPlanted, WalksStopAtTheirBoundAndRepeat) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  const double bound = *std::ranges::max_element(table.sizes) / 4;
  ModelWalk first(table, Random(7));
  first.run(1000, 1.0, bound);
  EXPECT_GT(first.strayed(), bound);
  const std::vector<int> order = first.order();
  first.run(1000, 1.0, bound);
  EXPECT_EQ(first.order(), order) << "beyond its bound a walk stands still";
  ModelWalk second(table, Random(7));
  second.run(1000, 1.0, bound);
  EXPECT_EQ(second.order(), order);
}

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
  FirstOrderModel model(bench.evaluator());
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
