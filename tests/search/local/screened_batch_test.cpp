#include "search/local/screened_batch.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::shuffled_blocks;

class ScreenedBatchOnPlanted : public testing::OnPlanted {
 protected:
  // Some good orders and many bad ones.
  std::vector<Blocks> candidates() {
    std::vector<Blocks> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) orders.push_back(shuffled_blocks(problem_, seed));
    for (int from = 0; from < 10; ++from) {
      orders.push_back(truth());
      insert_in(orders.back(), from, from + 2);
    }
    return orders;
  }
  // The same by evaluating everything.
  Blocks best_of(const std::vector<Blocks>& orders, double screen_error, const ScreenedBatchParameters& parameters) {
    std::vector<std::pair<double, std::size_t>> looks;
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const double look = error(orders[i], parameters.screen_tiles);
      if (look < screen_error) looks.emplace_back(look, i);
    }
    std::ranges::sort(looks);
    looks.resize(std::min(looks.size(), parameters.checked));
    const auto best = std::ranges::min_element(looks, {}, [&](const auto& look) { return error(orders[look.second]); });
    return orders[best->second];
  }
};

TEST_F(ScreenedBatchOnPlanted, TakesTheBestOfThoseThatLookBest) {
  const std::vector<Blocks> orders = candidates();
  for (const std::size_t screen_tiles : {1U, 4U}) {
    for (const std::size_t checked : {1U, 3U, 100U}) {
      const ScreenedBatchParameters parameters{.screen_tiles = screen_tiles, .checked = checked};
      const ScreenedBatch batch(evaluator(), parameters);
      ScoredOrder current = shuffled(99);
      const double screen_error = batch.screen_error(current);
      EXPECT_EQ(screen_error, error(current.blocks, screen_tiles));
      const Blocks expected = best_of(orders, screen_error, parameters);
      EXPECT_TRUE(batch.accept_best(current, orders, screen_error));
      EXPECT_EQ(current.blocks, expected) << screen_tiles << " tiles, " << checked << " checked";
      EXPECT_EQ(current.mse, error(expected));
      EXPECT_EQ(current.tiles, kTiles);
    }
  }
}

TEST_F(ScreenedBatchOnPlanted, LeavesAnOrderThatNoneIsBetterThan) {
  const ScreenedBatch batch(evaluator(), parameters_.screened_batch);
  ScoredOrder current = scored(truth());
  EXPECT_FALSE(batch.accept_best(current, candidates(), batch.screen_error(current))) << "none looks better";
  EXPECT_FALSE(batch.accept_best(current, candidates(), testing::kUnknown)) << "none is better";
  EXPECT_FALSE(batch.accept_best(current, {}, testing::kUnknown)) << "there is none";
  EXPECT_EQ(current.blocks, truth());
  EXPECT_EQ(current.mse, error(truth()));
}

TEST_F(ScreenedBatchOnPlanted, LooksAtNoMoreThanTheSample) {
  const ScreenedBatch batch(evaluator(), {.screen_tiles = 100, .checked = 2});
  ScoredOrder current = shuffled(99, 2);
  EXPECT_EQ(batch.screen_error(current), current.mse) << "no more tiles than the sample has";
  ASSERT_TRUE(batch.accept_best(current, candidates(), batch.screen_error(current)));
  EXPECT_EQ(current.tiles, 2U);
  EXPECT_EQ(current.mse, error(current.blocks, 2));
}

}  // namespace
}  // namespace kintsugi
