#include "search/islands/island.hpp"

#include <gtest/gtest.h>

#include "search/islands/planted_islands.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::noise_and_a_copy;
using kintsugi::testing::PlantedIslands;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;

// One island on all ranks; no order solves the problem.
class OneIsland : public ::testing::Test {
 protected:
  OneIsland() { options_.search = "insertion"; }

  Island begun(PlantedIslands& place, const Blocks& start) {
    Island island = place.make_island(0);
    island.begin(place.scored(start), place.all_tiles());
    return island;
  }
  [[nodiscard]] const Blocks& truth() const { return problem_.truth.blocks; }

  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = noise_and_a_copy();
  const Blocks wrong_ = shuffled_blocks(problem_, 1);
  SearchOptions options_;
};

TEST_F(OneIsland, IsSolvedAtOnceWhereItBeginsAtTheAnswer) {
  const PlantedProblem solvable = testing::make_planted(6, 10, 200);
  PlantedIslands place(world_, solvable, options_);
  Island island = begun(place, solvable.truth.blocks);
  EXPECT_TRUE(island.solved());
  EXPECT_TRUE(island.finished());
  EXPECT_FALSE(island.noise());
  EXPECT_LE(island.final_check().mse, place.floor().target(200));
  island.advance(1000);
  EXPECT_EQ(island.take_entries().size(), 1U) << "there is nothing left to do";
}

TEST_F(OneIsland, AdvancesByItsShareOfWork) {
  PlantedIslands place(world_, problem_, options_);
  Island island = begun(place, wrong_);
  EXPECT_EQ(island.take_entries().size(), 1U);
  island.advance(1);
  EXPECT_EQ(island.take_entries().size(), 1U) << "one step at least";
  const std::int64_t before = place.evaluator().work();
  const std::int64_t work = 20 * static_cast<std::int64_t>(wrong_.size() * place.all_tiles());
  island.advance(work);
  EXPECT_GE(place.evaluator().work(), before + work);
  const std::vector<TrajectoryEntry> entries = island.take_entries();
  EXPECT_GT(entries.size(), 1U);
  EXPECT_EQ(entries.back().evaluations, island.evaluations());
  EXPECT_FALSE(island.finished());
}

TEST_F(OneIsland, CountsItsOwnEvaluationsOnly) {
  PlantedIslands place(world_, problem_, options_);
  Island one = begun(place, wrong_);
  Island other = begun(place, wrong_);
  one.advance(1);
  const std::int64_t count = one.evaluations();
  EXPECT_GT(count, 0);
  other.advance(1);
  EXPECT_EQ(one.evaluations(), count);
  EXPECT_EQ(other.evaluations(), count);
}

TEST_F(OneIsland, TakesABetterOrderOverOnceTheRuleSaysSo) {
  PlantedIslands place(world_, problem_, options_);
  Island island = begun(place, wrong_);
  island.advance(1);
  ASSERT_NE(island.best().blocks, truth());
  const std::vector<Blocks> migrants{shuffled_blocks(problem_, 2), truth(), shuffled_blocks(problem_, 3)};
  (void)island.take_entries();
  island.receive(migrants, Replacement({.patience = 1000, .better = 0}));
  EXPECT_NE(island.best().blocks, truth()) << "it still finds better ones itself";
  EXPECT_TRUE(island.take_entries().empty());
  island.receive({}, Replacement({.patience = 0, .better = 0}));
  EXPECT_TRUE(island.take_entries().empty());
  island.receive(migrants, Replacement({.patience = 0, .better = 0}));
  EXPECT_EQ(island.best().blocks, truth()) << "the best of them";
  EXPECT_EQ(island.best().mse, place.scored(truth()).mse);
  const std::vector<TrajectoryEntry> entries = island.take_entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].event, Event::migrant);
  island.receive({{shuffled_blocks(problem_, 2)}}, Replacement({.patience = 0, .better = 0}));
  EXPECT_EQ(island.best().blocks, truth()) << "a worse one is not taken";
}

TEST_F(OneIsland, FindsNoiseOnceTheOrderHasWithstoodSoManyPerturbations) {
  options_.parameters.island.noise_patience = 3;
  PlantedIslands place(world_, problem_, options_);
  Island island = begun(place, truth());
  std::int64_t kicks = 0;
  for (int step = 0; step < 100 && !island.finished(); ++step) {
    EXPECT_FALSE(island.noise());
    EXPECT_LT(kicks, 3);
    island.advance(1);
    kicks += island.take_entries().back().event == Event::kick ? 1 : 0;
  }
  EXPECT_EQ(kicks, 3);
  EXPECT_TRUE(island.noise());
  EXPECT_FALSE(island.solved());
}

TEST_F(OneIsland, GoesOnFromItsState) {
  PlantedIslands place(world_, problem_, options_);
  Island first = begun(place, wrong_);
  for (int stop = 0; stop < 6; ++stop) {
    first.advance(1000);
    (void)first.take_entries();
    Island second = place.make_island(0);
    testing::set_state(second, testing::state_of(first));
    EXPECT_EQ(second.best().blocks, first.best().blocks);
    first.advance(1000);
    second.advance(1000);
    const std::vector<TrajectoryEntry> expected = first.take_entries();
    const std::vector<TrajectoryEntry> found = second.take_entries();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].mse, expected[i].mse);
    EXPECT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

}  // namespace
}  // namespace kintsugi
