#include "search/rounds/position_spread.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

GaussNewtonParameters rule() {
  GaussNewtonParameters rule;
  rule.open_width = 2;
  rule.open_deviation = 3;
  rule.open_idle_steps = 2;
  rule.open_decay = 0.5;
  return rule;
}

TEST(PositionSpread, BeginsWithThatOfARandomOrder) {
  PositionSpread spread(rule());
  spread.begin(600);
  EXPECT_NEAR(spread.deviation(), 600 / std::sqrt(6.0), 1e-9);
  EXPECT_EQ(spread.bandwidth(), 2 * spread.deviation());
}

TEST(PositionSpread, FollowsWhatIsLeftButNeverWidens) {
  PositionSpread spread(rule());
  spread.begin(600);
  spread.note_left(10);
  EXPECT_EQ(spread.deviation(), 30);
  EXPECT_EQ(spread.bandwidth(), 20);
  spread.note_left(20);
  EXPECT_EQ(spread.deviation(), 30);
  EXPECT_EQ(spread.bandwidth(), 40);
  spread.note_left(0);
  EXPECT_EQ(spread.deviation(), 0.5);
}

TEST(PositionSpread, NarrowsWhereTheErrorDoesNotFall) {
  PositionSpread spread(rule());
  spread.begin(600);
  spread.note_left(10);
  for (const double mse : {1.0, 0.9, 0.95}) spread.note_error(mse);
  EXPECT_EQ(spread.deviation(), 30);
  spread.note_error(0.9);
  EXPECT_EQ(spread.deviation(), 15);
  spread.note_error(0.9);
  EXPECT_EQ(spread.deviation(), 15) << "it waits again";
  spread.note_error(0.8);
  spread.note_error(0.85);
  EXPECT_EQ(spread.deviation(), 15);
  spread.note_error(0.85);
  EXPECT_EQ(spread.deviation(), 7.5);
}

TEST(PositionSpread, StaysFiniteWhereAStepOverflows) {
  PositionSpread spread(rule());
  spread.begin(600);
  spread.note_left(10);
  spread.note_error(std::numeric_limits<double>::quiet_NaN());
  spread.note_left(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(spread.deviation(), 30);
  EXPECT_EQ(spread.bandwidth(), 20);
}

TEST(PositionSpread, GoesOnFromItsState) {
  PositionSpread first(rule());
  first.begin(600);
  first.note_left(10);
  first.note_error(1);
  first.note_error(2);
  PositionSpread second(rule());
  testing::set_state(second, testing::state_of(first));
  second.note_error(1);
  EXPECT_EQ(second.deviation(), 15);
  EXPECT_EQ(second.bandwidth(), 20);
}

}  // namespace
}  // namespace kintsugi
