#include "search/islands/archipelago.hpp"

#include <gtest/gtest.h>

#include "kintsugi/core/error.hpp"
#include "search/islands/planted_islands.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::PlantedIslands;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;

class ArchipelagoOfThree : public ::testing::Test {
 protected:
  ArchipelagoOfThree() {
    options_.islands = 3;
    options_.search = "insertion";
    options_.topology = "none";
    options_.parameters.island.round_evaluations = 1;  // a step of each island, then they look at each other
  }
  static std::int64_t kicks(const Solution& solution, int island) {
    return std::ranges::count_if(solution.trajectory, [&](const TrajectoryEntry& entry) {
      return entry.island == island && entry.event == Event::kick;
    });
  }

  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = testing::noise_and_a_copy();
  const Blocks truth_ = problem_.truth.blocks;
  const Blocks twin_ = testing::twin_of(truth_, problem_.network);
  const Blocks wrong_ = shuffled_blocks(problem_, 1);
  SearchOptions options_;
  SearchObserver silent_;
};

TEST_F(ArchipelagoOfThree, AsksForNoiseAtTheOrderThatItReturns) {
  // Island 1 withstands a kick at the truth and finds noise. Island 0, which begins two places away from the truth's
  // twin, is at it by then, and has not been kicked yet: of equals its order is the answer.
  options_.parameters.island.noise_patience = 1;
  Blocks near_twin = twin_;
  insert_in(near_twin, 1, 3);
  PlantedIslands place(world_, problem_, options_);
  Archipelago islands(place.group(), place.floor(), {}, options_);
  islands.begin({place.scored(near_twin), place.scored(truth_), place.scored(wrong_)}, place.all_tiles());
  Solution solution;
  EXPECT_EQ(islands.search(silent_, solution), twin_);
  EXPECT_EQ(solution.status, Status::noise);
  EXPECT_EQ(kicks(solution, 0), 0) << "it has not asked itself";
  EXPECT_GT(kicks(solution, 1), 0);
  EXPECT_GT(solution.by_chance, 0);
  EXPECT_LT(solution.explained, solution.by_chance);
  EXPECT_EQ(solution.mse, place.evaluator().check(twin_).mse);
}

TEST_F(ArchipelagoOfThree, EndsWhereNoIslandLeadsOn) {
  options_.parameters.island.noise_patience = 1000;
  options_.parameters.iterated = {.min_patience = 2, .patience_per_block = 0};
  PlantedIslands place(world_, problem_, options_);
  Archipelago islands(place.group(), place.floor(), {}, options_);
  islands.begin({place.scored(truth_), place.scored(wrong_)}, place.all_tiles());  // the third like the first
  Solution solution;
  EXPECT_EQ(islands.search(silent_, solution), truth_);
  EXPECT_EQ(solution.status, Status::noise) << "the answer is asked of at the end, if not before";
  for (int island = 0; island < 3; ++island) EXPECT_GE(kicks(solution, island), 2) << "island " << island;
  ASSERT_FALSE(solution.elites.empty());
  EXPECT_NEAR(solution.elites.front().mse, solution.mse, 1e-5 * solution.mse);
}

TEST_F(ArchipelagoOfThree, EndsWithTheFirstSolution) {
  const PlantedProblem solvable = testing::make_planted(8, 10, 200);
  const Blocks& answer = solvable.truth.blocks;
  PlantedIslands place(world_, solvable, options_);
  Archipelago islands(place.group(), place.floor(), {}, options_);
  Blocks reversed = answer;
  std::ranges::reverse(reversed);
  Blocks near = answer;
  std::swap(near[2], near[3]);
  islands.begin({place.scored(reversed), place.scored(near), place.scored(reversed)}, place.all_tiles());
  Solution solution;
  EXPECT_EQ(islands.search(silent_, solution), answer);
  EXPECT_EQ(solution.status, Status::solved);
  EXPECT_LE(solution.mse, place.floor().target(200));
}

TEST_F(ArchipelagoOfThree, RefusesTheStateOfOtherIslandsOnAllRanks) {
  PlantedIslands place(world_, problem_, options_);
  Archipelago islands(place.group(), place.floor(), {}, options_);
  SearchState state;
  state.islands.resize(2);
  EXPECT_THROW(islands.resume(world_.root() ? &state : nullptr), InputError);
  state.islands.resize(3);
  state.shared = {1, 1, 1, std::int64_t{1} << 60};
  EXPECT_THROW(islands.resume(world_.root() ? &state : nullptr), InputError) << "a pool of very many elites";
  options_.search = "best";
  EXPECT_THROW(Archipelago(place.group(), place.floor(), {}, options_), UsageError);
}

}  // namespace
}  // namespace kintsugi
