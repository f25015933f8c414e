#include "search/islands/noise_test.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "objective/reference.hpp"
#include "search/islands/exchange_rise.hpp"
#include "search/islands/planted_islands.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

class NoiseTestOnPlanted : public testing::OnPlanted {
 protected:
  NoiseTestOnPlanted() : OnPlanted(testing::noise_and_a_copy()) {}

  // Block evaluations of asking.
  std::int64_t cost(NoiseTest& test, const Blocks& order) {
    const std::int64_t before = evaluator().block_evaluations();
    (void)test.ask(order);
    return evaluator().block_evaluations() - before;
  }

  ErrorFloor floor_{evaluator(), 0};
  Blocks wrong_ = testing::shuffled_blocks(problem_, 1);
};

TEST_F(NoiseTestOnPlanted, TellsNoiseFromAWrongOrder) {
  NoiseTest test(model_, floor_, {});
  EXPECT_FALSE(test.found_floor(truth())) << "not asked yet";
  const ResidualTest at_truth = test.ask(truth());
  EXPECT_TRUE(at_truth.noise);
  EXPECT_LT(at_truth.r_squared, at_truth.threshold);
  EXPECT_TRUE(test.found_floor(truth()));
  const ResidualTest elsewhere = test.ask(wrong_);
  EXPECT_FALSE(elsewhere.noise);
  EXPECT_GT(elsewhere.r_squared, elsewhere.threshold);
  EXPECT_FALSE(test.found_floor(wrong_));
}

TEST_F(NoiseTestOnPlanted, AsksOnceOfAnOrder) {
  NoiseTest test(model_, floor_, {});
  EXPECT_GT(cost(test, truth()), 0);
  EXPECT_EQ(cost(test, truth()), 0);
  EXPECT_TRUE(test.ask(truth()).noise);
}

TEST_F(NoiseTestOnPlanted, IsVoidOnceTheOrderIsAnother) {
  NoiseTest test(model_, floor_, {});
  (void)test.ask(truth());
  EXPECT_FALSE(test.found_floor(wrong_));
  EXPECT_GT(cost(test, wrong_), 0);
  EXPECT_FALSE(test.found_floor(truth())) << "the last order asked of counts";
  EXPECT_GT(cost(test, truth()), 0);
  EXPECT_TRUE(test.found_floor(truth()));
}

TEST_F(NoiseTestOnPlanted, IsNotAskedWhereAToleranceIsGiven) {
  const ErrorFloor given(evaluator(), 1e-9);
  NoiseTest test(model_, given, {});
  EXPECT_EQ(cost(test, truth()), 0);
  EXPECT_FALSE(test.ask(truth()).noise);
  EXPECT_FALSE(test.found_floor(truth()));
}

TEST_F(NoiseTestOnPlanted, MeasuresWhatTheLeastExchangeDoes) {
  const std::set<int> open = testing::expand_pieces(truth());
  const std::size_t tiles = evaluator().rows().tiles();
  const double base = evaluator().error(truth(), tiles);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t a = 0; a < truth().size(); ++a) {
    for (std::size_t b = a + 1; b < truth().size(); ++b) {
      Blocks other = truth();
      std::swap(other[a].compress, other[b].compress);
      const double error = evaluator().error(other, tiles);
      if (error != base) least = std::min(least, error);  // a block and its copy
    }
  }
  EXPECT_NEAR(least_exchange_rise(evaluator(), truth(), open, {}), (least / base - 1) * evaluator().entries(tiles),
              1e-6 * evaluator().entries(tiles));
  EXPECT_TRUE(std::isinf(least_exchange_rise(evaluator(), truth(), {*open.begin()}, {})));
}

TEST_F(NoiseTestOnPlanted, SaysNothingWhereNoiseHidesExchanges) {
  const std::set<int> open = testing::expand_pieces(truth());
  const double rise = least_exchange_rise(evaluator(), truth(), open, {});
  ResidualTestParameters parameters;
  parameters.exchange_rise = 0.9 * rise;
  EXPECT_TRUE(NoiseTest(model_, floor_, parameters, open).ask(truth()).noise);
  parameters.exchange_rise = 1.1 * rise;
  EXPECT_FALSE(NoiseTest(model_, floor_, parameters, open).ask(truth()).noise);
  EXPECT_TRUE(NoiseTest(model_, floor_, parameters).ask(truth()).noise) << "where no pair is open";
}

TEST_F(NoiseTestOnPlanted, GoesOnFromItsState) {
  NoiseTest first(model_, floor_, {});
  (void)first.ask(truth());
  NoiseTest second(model_, floor_, {});
  testing::set_state(second, testing::state_of(first));
  EXPECT_TRUE(second.found_floor(truth()));
  EXPECT_EQ(cost(second, truth()), 0);
}

}  // namespace
}  // namespace kintsugi
