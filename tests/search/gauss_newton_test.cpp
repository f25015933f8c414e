#include "search/rounds/gauss_newton.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "objective/reference.hpp"
#include "search/local/descent.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::freezing_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

// On a problem where descents freeze.
class GaussNewtonOnFreezing : public ::testing::Test {
 protected:
  ScoredOrder shuffled(std::uint64_t seed, std::size_t tiles) {
    const Blocks start = shuffled_blocks(problem_, seed);
    return {start, error(start, tiles), tiles};
  }
  double error(const Blocks& order, std::size_t tiles) { return bench_.evaluator().error(order, tiles); }
  [[nodiscard]] auto inversions(const Blocks& order) const { return distance(order, problem_.truth.blocks).inversions; }
  static void run_round(GaussNewton& search, const ScoredOrder& from) {
    search.begin(from);
    while (!search.step().stuck) continue;
  }

  static constexpr std::size_t kAllTiles = 48;
  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = freezing_problem();
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
  GaussNewton search_{bench_.evaluator(), Random(1), {}};
};

TEST_F(GaussNewtonOnFreezing, ComesNearer) {
  Descent descent(bench_.evaluator(), model_, 0, {});
  descent.begin(shuffled(1, kAllTiles));
  while (!descent.step().stuck) continue;
  const auto frozen = inversions(descent.current().blocks);
  ASSERT_GT(frozen, 0) << "a descent suffices here";
  ScoredOrder from = descent.current();
  auto left = frozen;
  for (int round = 0; round < 3 && left > 0; ++round) {
    run_round(search_, from);
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
    descent.begin(search_.current());
    while (!descent.step().stuck) continue;
    from = descent.current();
    left = inversions(from.blocks);
  }
  EXPECT_LT(left, frozen / 4);
}

TEST_F(GaussNewtonOnFreezing, RelocatesBlocksWhereARoundBeginsWithTheLastOnesError) {
  const ScoredOrder from = shuffled(4, kAllTiles);
  std::vector<std::int64_t> relocations;
  for (int round = 0; round < 2; ++round) {
    search_.begin(from);
    StepReport report;
    while (!report.stuck) {
      report = search_.step();
      if (report.event != Event::relocation) continue;
      EXPECT_EQ(round, 1);
      relocations.push_back(report.moves);
    }
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
  }
  ASSERT_FALSE(relocations.empty());
  EXPECT_GE(std::ranges::max(relocations), 1);
  EXPECT_LE(std::ranges::max(relocations), 4);
  EXPECT_LT(search_.current().mse, from.mse);
}

TEST_F(GaussNewtonOnFreezing, TriesBlocksFirstThatOtherIslandsHaveElsewhere) {
  Blocks order = problem_.truth.blocks;
  insert_in(order, 8, 30);
  const ScoredOrder from{order, error(order, kAllTiles), kAllTiles};
  // Of some seeds, how many bring the block home at once.
  const auto found_by = [&](const std::vector<Blocks>& elites) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
      GaussNewton search(bench_.evaluator(), Random(seed), {});
      search.set_elites(elites);
      for (int round = 0; round < 2; ++round) search.begin(from);
      const StepReport report = search.step();
      EXPECT_EQ(report.event, Event::relocation);
      found += report.moves > 0 ? 1 : 0;
    }
    return found;
  };
  EXPECT_GT(found_by({problem_.truth.blocks}), found_by({}));
}

TEST_F(GaussNewtonOnFreezing, ItsErrorsAreOnTheSampleThatItWasGiven) {
  const std::size_t tiles = 8;
  search_.begin(shuffled(2, tiles));
  int steps = 0;
  StepReport report;
  while (!report.stuck && steps < 1000) {
    report = search_.step();
    ++steps;
    EXPECT_EQ(search_.current().tiles, tiles);
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, tiles));
  }
  EXPECT_LE(steps, 100) << "a round has an end";
}

TEST_F(GaussNewtonOnFreezing, GoesOnFromItsState) {
  const ScoredOrder from = shuffled(3, kTiles);
  search_.begin(from);
  for (int i = 0; i < 4; ++i) (void)search_.step();
  search_.begin(from);
  EXPECT_EQ(search_.step().event, Event::relocation) << "the round begins where the last one did";
  for (int i = 0; i < 3; ++i) (void)search_.step();
  StateArchive written;
  search_.state(written);
  GaussNewton second(bench_.evaluator(), Random(2), {});
  StateArchive archive(written.words());
  second.state(archive);
  EXPECT_TRUE(archive.at_end());
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(search_.step().event, second.step().event);
    ASSERT_EQ(search_.current().blocks, second.current().blocks);
    ASSERT_EQ(search_.current().mse, second.current().mse);
  }
}

}  // namespace
}  // namespace kintsugi
