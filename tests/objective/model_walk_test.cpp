#include "objective/model_walk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "objective/linear_model.hpp"
#include "objective/reference.hpp"
#include "objective/table_reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::predicted_error;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

// Sizes of the pairs on the other side, by plain loops.
double distance_by_pairs(const EffectTable& table, const std::vector<int>& order) {
  double sum = 0;
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t q = p + 1; q < order.size(); ++q) {
      if (order[p] > order[q])
        sum += table.sizes[table.pair(static_cast<std::size_t>(order[q]), static_cast<std::size_t>(order[p]))];
    }
  }
  return sum;
}

class ModelWalkOnPlanted : public ::testing::Test {
 protected:
  EffectTable table(const Blocks& order) {
    EffectTable result;
    EXPECT_TRUE(model_.linearise(order, kTiles));
    result.gather(model_, std::size_t{1} << 30);
    return result;
  }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(16, 10, 32 * kTiles);
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
};

TEST_F(ModelWalkOnPlanted, KeepsAccount) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  for (const double temperature : {1e-6, 1e-3, 1.0}) {
    ModelWalk walk(table, Random(3));
    const double start = walk.predicted();
    EXPECT_NEAR(start, model_.base_error(), 1e-9 * start);
    EXPECT_EQ(walk.model_distance(), 0);
    for (int i = 0; i < 40; ++i) {
      walk.run(5, temperature, 1e9);
      EXPECT_NEAR(walk.predicted(), predicted_error(table, walk.order()), 1e-4 * start);
      EXPECT_NEAR(walk.model_distance(), distance_by_pairs(table, walk.order()), 1e-9 * start);
    }
    std::vector<int> sorted = walk.order();
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], static_cast<int>(i));
  }
}

TEST_F(ModelWalkOnPlanted, DescendsWhereColdAndForgetsWhereHot) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  ModelWalk cold(table, Random(1));
  double last = cold.predicted();
  for (int i = 0; i < 100; ++i) {
    cold.run(1, 1e-12, 1e9);
    EXPECT_LE(cold.predicted(), last * (1 + 1e-5));
    last = cold.predicted();
  }
  // At any temperature a walk of many moves has about half of the 120 pairs on the other side; the mean of so many
  // walks, each with a standard deviation of 11, is off by more than 5 with odds below one in a million.
  constexpr int kWalks = 120;
  int inverted = 0;
  ModelWalk hot(table, Random(1));
  for (int i = 0; i < kWalks; ++i) {
    hot.run(100, 1e9, 1e12);
    const std::vector<int>& order = hot.order();
    for (std::size_t p = 0; p < order.size(); ++p) {
      for (std::size_t q = p + 1; q < order.size(); ++q) inverted += order[p] > order[q] ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(inverted) / kWalks, 60, 5);
}

TEST_F(ModelWalkOnPlanted, StopsAtItsBoundAndRepeats) {
  const EffectTable table = this->table(shuffled_blocks(problem_, 2));
  const double bound = *std::ranges::max_element(table.sizes) / 4;
  ModelWalk first(table, Random(7));
  first.run(1000, 1.0, bound);
  EXPECT_GT(first.model_distance(), bound);
  const std::vector<int> order = first.order();
  first.run(1000, 1.0, bound);
  EXPECT_EQ(first.order(), order) << "beyond its bound a walk stands still";
  ModelWalk second(table, Random(7));
  second.run(1000, 1.0, bound);
  EXPECT_EQ(second.order(), order);
}

}  // namespace
}  // namespace kintsugi
