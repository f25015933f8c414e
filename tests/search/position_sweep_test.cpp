#include "search/rounds/position_sweep.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"
#include "search/rounds/damping.hpp"

namespace kintsugi {
namespace {

TEST(Damping, RisesAfterADivergedRoundAndFallsAfterOthers) {
  GaussNewtonParameters parameters;
  parameters.damping = 0.5;
  parameters.max_damping = 8;
  parameters.damping_factor = 2;
  Damping damping(parameters);
  EXPECT_EQ(damping.value(), 0.5);
  damping.update(false);
  EXPECT_EQ(damping.value(), 0.5) << "no lower than at first";
  for (const double expected : {1, 2, 4, 8, 8}) {
    damping.update(true);
    EXPECT_EQ(damping.value(), expected);
  }
  damping.update(false);
  EXPECT_EQ(damping.value(), 4);
  Damping second(parameters);
  testing::set_state(second, testing::state_of(damping));
  EXPECT_EQ(second.value(), 4);
}

TEST(PositionSweep, BandwidthsHalveFromAShareOfTheBlocksToTheNarrowest) {
  GaussNewtonParameters parameters;
  parameters.widest = 0.25;
  parameters.narrowest = 1.5;
  EXPECT_EQ(PositionSweep::bandwidths(48, parameters), (std::vector<double>{12, 6, 3, 1.5}));
  EXPECT_EQ(PositionSweep::bandwidths(40, parameters), (std::vector<double>{10, 5, 2.5}));
  for (const std::size_t few : {1U, 2U, 6U}) {
    EXPECT_EQ(PositionSweep::bandwidths(few, parameters), (std::vector<double>{1.5})) << few << " blocks";
  }
}

class PositionSweepOnPlanted : public testing::OnPlanted {
 protected:
  PositionSweepOnPlanted() : OnPlanted(testing::make_planted(24, 10, 2000)) {
    parameters_.gauss_newton.rows_per_block = 40;
    parameters_.gauss_newton.widest = 0.25;  // 6, 3, 1.5
  }
  PositionSweep sweep(std::size_t skip) { return {evaluator(), skip, parameters_}; }
};

TEST_F(PositionSweepOnPlanted, IsAStepAtEachBandwidthThatIsNotLeftOut) {
  for (const std::size_t skip : {0U, 1U}) {
    PositionSweep sweep = this->sweep(skip);
    sweep.place(shuffled(1));
    sweep.begin();
    std::size_t steps = 0;
    while (!sweep.complete()) {
      ASSERT_TRUE(sweep.step(0.1));
      ++steps;
    }
    EXPECT_EQ(steps, 3 - skip);
    EXPECT_TRUE(sweep.moved());
    EXPECT_EQ(testing::sorted_pieces(sweep.blocks()), testing::sorted_pieces(truth()));
    sweep.begin();
    EXPECT_FALSE(sweep.complete());
    EXPECT_FALSE(sweep.moved());
  }
}

TEST_F(PositionSweepOnPlanted, ItsLowestOrderHasItsErrorOnTheSampleOfTheResult) {
  PositionSweep sweep = this->sweep(0);
  const ScoredOrder start = shuffled(1, 3);
  sweep.place(start);
  sweep.begin();
  // Steps are on as many rows as it takes not to overfit them.
  const std::size_t tiles = evaluator().rows().tiles_for(40 * 24);
  ASSERT_GT(tiles, 3U);
  double lowest = testing::kUnknown;
  Blocks lowest_order;
  while (!sweep.complete()) {
    const Blocks order = sweep.blocks();
    if (const double mse = error(order, tiles); mse < lowest) {
      lowest = mse;
      lowest_order = order;
    }
    ASSERT_TRUE(sweep.step(0.1));
  }
  EXPECT_NEAR(sweep.lowest_error(), lowest, 1e-5 * lowest);
  ScoredOrder result = start;
  sweep.lowest_into(result);
  EXPECT_EQ(result.blocks, lowest_order);
  EXPECT_EQ(result.tiles, 3U);
  EXPECT_EQ(result.mse, error(lowest_order, 3));
}

TEST_F(PositionSweepOnPlanted, StaysAtTheAnswer) {
  PositionSweep sweep = this->sweep(0);
  sweep.place(scored(truth()));
  sweep.begin();
  while (!sweep.complete()) ASSERT_TRUE(sweep.step(0.1));
  EXPECT_FALSE(sweep.moved());
  EXPECT_EQ(sweep.blocks(), truth());
}

TEST_F(PositionSweepOnPlanted, GoesOnFromItsState) {
  PositionSweep first = sweep(0);
  first.place(shuffled(1));
  first.begin();
  ASSERT_TRUE(first.step(0.1));
  PositionSweep second = sweep(0);
  testing::set_state(second, testing::state_of(first));
  while (!first.complete()) {
    ASSERT_TRUE(first.step(0.1));
    ASSERT_TRUE(second.step(0.1));
    EXPECT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

}  // namespace
}  // namespace kintsugi
