#include "search/local/relocation.hpp"

#include <gtest/gtest.h>

#include "search/local/until_stuck.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::run_until_stuck;

class RelocationOnPlanted : public testing::OnPlanted {
 protected:
  Relocation relocation(std::uint64_t seed) {
    return {ScreenedBatch(evaluator(), parameters_.screened_batch), Random(seed), parameters_.relocation};
  }
};

TEST_F(RelocationOnPlanted, TakesWhatLowersTheError) {
  Blocks moved = truth();
  insert_in(moved, 0, 11);
  Relocation search = relocation(1);
  const ScoredOrder end = run_until_stuck(search, scored(moved), [&](const Blocks& order) { return error(order); });
  EXPECT_LT(end.mse, 0.5 * error(moved));
}

TEST_F(RelocationOnPlanted, FindsNoWayOnFromTheTruth) {
  Relocation search = relocation(1);
  search.begin(scored(truth()));
  EXPECT_TRUE(search.step().stuck);
  EXPECT_EQ(search.current().blocks, truth());
}

TEST_F(RelocationOnPlanted, AllBlocksHaveTheirTurn) {
  // 8 at once of 12: wherever the one block is that is away from home, the second step brings it nearer at the latest.
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Blocks moved = truth();
    insert_in(moved, 1, 10);
    Relocation search = relocation(seed);
    bool improved = false;
    for (int step = 0; step < 2 && !improved; ++step) {
      search.begin(scored(moved));
      improved = search.step().improved;
    }
    EXPECT_TRUE(improved) << "seed " << seed;
  }
}

TEST_F(RelocationOnPlanted, GoesOnFromItsState) {
  Relocation first = relocation(1);
  first.begin(shuffled(2));
  (void)first.step();
  Relocation second = relocation(99);
  testing::set_state(second, testing::state_of(first));
  for (int step = 0; step < 3; ++step) {
    (void)first.step();
    (void)second.step();
    ASSERT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

}  // namespace
}  // namespace kintsugi
