#include "search/iterated/sample_size.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

class SampleSizeOnPlanted : public testing::OnPlanted {
 protected:
  // As if the error on a sample of `tiles` tiles were so many times the one on all rows.
  ScoredOrder pretended(const Blocks& order, double times, std::size_t tiles) {
    return {order, times * error(order, all_tiles()), tiles};
  }
  std::size_t all_tiles() { return evaluator().rows().tiles(); }
};

TEST_F(SampleSizeOnPlanted, GrowsWhereTheBestOrdersErrorIsLargerOnMoreRows) {
  const Blocks best = testing::shuffled_blocks(problem_, 1);
  const SampleSizeParameters parameters{.overfitted = 1.3, .growth = 2};
  const auto grown = [&](double times) {
    return on_larger_sample(evaluator(), pretended(best, times, 2), scored(best, 2), parameters).has_value();
  };
  // The error on 4 tiles differs from that on all of them by a few percent.
  EXPECT_TRUE(grown(0.5));
  EXPECT_FALSE(grown(1.0));
  EXPECT_FALSE(grown(2.0));
}

TEST_F(SampleSizeOnPlanted, GoesOnFromTheBetterOne) {
  const ScoredOrder worse = pretended(testing::shuffled_blocks(problem_, 1), 1e-3, 2);
  const ScoredOrder better{truth(), 1e9, 2};
  for (const auto& [best, incumbent] : {std::pair{worse, better}, {worse, worse}}) {
    const std::optional<ScoredOrder> larger = on_larger_sample(evaluator(), best, incumbent, {});
    ASSERT_TRUE(larger);
    EXPECT_EQ(larger->blocks, incumbent.blocks);
    EXPECT_EQ(larger->tiles, 4U) << "twice as many";
    EXPECT_EQ(larger->mse, error(incumbent.blocks, 4));
  }
}

TEST_F(SampleSizeOnPlanted, EndsWithAllRows) {
  const std::size_t all = all_tiles();
  const ScoredOrder nearly = pretended(truth(), 0, all - 1);
  const std::optional<ScoredOrder> larger = on_larger_sample(evaluator(), nearly, shuffled(1, all - 1), {});
  ASSERT_TRUE(larger) << "above an error of zero any is overfitted";
  EXPECT_EQ(larger->tiles, all);
  EXPECT_FALSE(on_larger_sample(evaluator(), pretended(truth(), 0, all), shuffled(1, all), {}));
}

}  // namespace
}  // namespace kintsugi
