#include "search/local/descent.hpp"

#include <gtest/gtest.h>

#include "search/local/until_stuck.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::kUnknown;
using kintsugi::testing::run_until_stuck;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::state_of;

class DescentOnPlanted : public testing::OnPlanted {
 protected:
  Descent descent(std::size_t reach) { return {evaluator(), model_, reach, parameters_.descent}; }
  ScoredOrder end_of(Descent& descent, const Blocks& from) {
    return run_until_stuck(descent, {from, kUnknown, kTiles}, [&](const Blocks& order) { return error(order); });
  }
};

TEST_F(DescentOnPlanted, OnlyGoesDown) {
  for (const std::size_t reach : {0U, 1U, 3U}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Descent search = descent(reach);
      const Blocks start = shuffled_blocks(problem_, seed);
      EXPECT_LT(end_of(search, start).mse, error(start)) << "reach " << reach << ", seed " << seed;
    }
  }
}

TEST_F(DescentOnPlanted, UndoesSmallDamage) {
  Blocks swapped = truth();
  std::swap(swapped[1], swapped[2]);
  std::swap(swapped[6], swapped[7]);
  Blocks moved = truth();
  insert_in(moved, 2, 9);
  Descent bubble = descent(1);
  EXPECT_EQ(end_of(bubble, swapped).blocks, truth());
  Descent insertion = descent(0);
  EXPECT_EQ(end_of(insertion, swapped).blocks, truth());
  EXPECT_EQ(end_of(insertion, moved).blocks, truth());
}

TEST_F(DescentOnPlanted, ProbesThatHoldAreTakenTogetherThoughTheyPassEachOther) {
  parameters_.descent.take = 10;   // no path is good enough
  parameters_.descent.solved = 1;  // and each has one stop, which leaves no half of it
  Blocks passed = truth();
  insert_in(passed, 1, 7);
  insert_in(passed, 2, 8);
  const auto moves_with = [&](double apart) {
    parameters_.descent.apart = apart;
    Descent search = descent(0);
    search.begin({passed, kUnknown, kTiles});
    const std::int64_t moves = search.step().moves;
    EXPECT_LT(search.current().mse, error(passed));
    return moves;
  };
  EXPECT_GE(moves_with(1), 2) << "of two blocks that are six places off among twelve";
  EXPECT_EQ(moves_with(0), 1) << "whose ranges are not apart";
}

TEST_F(DescentOnPlanted, IsCalledByItsReach) {
  for (const auto& [reach, event] : {std::pair{1U, Event::bubble}, {0U, Event::insertion}, {3U, Event::insertion}}) {
    Descent search = descent(reach);
    search.begin(shuffled(1));
    EXPECT_EQ(search.step().event, event);
  }
}

TEST_F(DescentOnPlanted, GoesOnFromItsState) {
  Descent first = descent(0);
  first.begin(shuffled(2));
  bool stuck = false;
  for (int step = 0; step < 100 && !stuck; ++step) {
    Descent second = descent(0);
    testing::set_state(second, state_of(first));
    stuck = first.step().stuck;
    EXPECT_EQ(second.step().stuck, stuck);
    ASSERT_EQ(state_of(second), state_of(first)) << "step " << step;
  }
  EXPECT_TRUE(stuck);
}

}  // namespace
}  // namespace kintsugi
