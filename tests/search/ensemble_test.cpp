#include "search/rounds/ensemble.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "objective/reference.hpp"
#include "search/local/descent.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 16;

// Blocks that change the state by a fifth of it each.
PlantedOptions strong_blocks() {
  PlantedOptions options;
  options.blocks = 20;
  options.width = 24;
  options.hidden = {48};
  options.rows = 32 * kTiles;
  options.residual = 0.2;
  options.depth = DepthTrend::none;
  return options;
}

class EnsembleOnPlanted : public ::testing::Test {
 protected:
  [[nodiscard]] ScoredOrder shuffled(std::uint64_t seed) {
    const Blocks start = shuffled_blocks(problem_, seed);
    return {start, bench_.evaluator().error(start, kTiles), kTiles};
  }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(strong_blocks());
  Workbench bench_{world_, problem_, {1, world_.size()}};
};

TEST_F(EnsembleOnPlanted, GetsWhereDescentsDoNot) {
  LinearModel model(bench_.evaluator());
  Descent descent(bench_.evaluator(), model, 0, {});
  descent.begin(shuffled(1));
  while (!descent.step().stuck) continue;
  ASSERT_NE(descent.current().blocks, problem_.truth.blocks) << "a descent suffices here";

  Ensemble ensemble(bench_.evaluator(), Random(3), {});
  bool found = false;
  for (int round = 0; round < 12 && !found; ++round) {
    ensemble.begin(descent.current());
    bool stuck = false;
    while (!stuck) {
      const StepReport report = ensemble.step();
      EXPECT_EQ(report.event, Event::ensemble);
      stuck = report.stuck;
      found = found || ensemble.current().blocks == problem_.truth.blocks;
    }
  }
  EXPECT_TRUE(found);
}

TEST_F(EnsembleOnPlanted, PlacesTheEndFirstAndLeavesAWrongStart) {
  EnsembleParameters parameters;
  parameters.first_blocks = 12;
  // Blocks at the end of the true order trade places: few generations place them, and the start stays as it is.
  ScoredOrder start{problem_.truth.blocks, 0, kTiles};
  for (const int first : {1, 5, 9}) std::iter_swap(start.blocks.end() - first, start.blocks.end() - first - 2);
  start.mse = bench_.evaluator().error(start.blocks, kTiles);
  Ensemble ensemble(bench_.evaluator(), Random(3), parameters);
  ensemble.begin(start);
  bool found = false;
  for (bool stuck = false; !stuck;) {
    stuck = ensemble.step().stuck;
    EXPECT_TRUE(std::equal(start.blocks.begin(), start.blocks.end() - 12, ensemble.current().blocks.begin()));
    found = found || ensemble.current().blocks == problem_.truth.blocks;
  }
  EXPECT_TRUE(found);
  // Behind a wrong start no end explains the data: the round is over at once, and the next one places all blocks.
  Ensemble other(bench_.evaluator(), Random(3), parameters);
  const ScoredOrder wrong = shuffled(2);
  other.begin(wrong);
  EXPECT_TRUE(other.step().stuck);
  other.begin(wrong);
  bool left = false;
  for (bool stuck = false; !stuck;) {
    stuck = other.step().stuck;
    left = left || !std::equal(wrong.blocks.begin(), wrong.blocks.end() - 12, other.current().blocks.begin());
  }
  EXPECT_TRUE(left);
}

TEST_F(EnsembleOnPlanted, PlacesAllBlocksNearToWhereTheyStand) {
  EnsembleParameters parameters;
  parameters.first_blocks = 8;
  Ensemble ensemble(bench_.evaluator(), Random(3), parameters);
  // Neighbours and next ones have traded places from the first to the last.
  ScoredOrder start{problem_.truth.blocks, 0, kTiles};
  for (std::size_t b = 0; b + 3 < start.blocks.size(); b += 4) {
    std::swap(start.blocks[b], start.blocks[b + 2]);
    std::swap(start.blocks[b + 1], start.blocks[b + 3]);
  }
  start.mse = bench_.evaluator().error(start.blocks, kTiles);
  ensemble.begin(start);
  while (!ensemble.step().stuck) continue;  // of the end alone
  bool found = false;
  for (int round = 0; round < 6 && !found; ++round) {
    ensemble.begin(start);
    for (bool stuck = false; !stuck;) {
      stuck = ensemble.step().stuck;
      found = found || ensemble.current().blocks == problem_.truth.blocks;
    }
  }
  EXPECT_TRUE(found);
}

TEST_F(EnsembleOnPlanted, LearnsFromManyOutputs) {
  // More outputs in one tile of rows than there are orders.
  PlantedOptions options = strong_blocks();
  options.outputs = 20;
  const PlantedProblem problem = make_planted(options);
  Workbench bench(world_, problem, {1, world_.size()});
  const Blocks start = shuffled_blocks(problem, 1);
  Ensemble ensemble(bench.evaluator(), Random(3), {});
  ensemble.begin({start, bench.evaluator().error(start, kTiles), kTiles});
  EXPECT_EQ(ensemble.step().moves, 1);
  EXPECT_NE(ensemble.current().blocks, start);
}

TEST_F(EnsembleOnPlanted, IsTheSameOnOneRank) {
  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem_, {1, 1});
  const ScoredOrder start = shuffled(1);
  Ensemble together(bench_.evaluator(), Random(3), {});
  Ensemble single(alone.evaluator(), Random(3), {});
  together.begin(start);
  single.begin(start);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(together.step().stuck, single.step().stuck);
    ASSERT_EQ(together.current().blocks, single.current().blocks);
    ASSERT_EQ(together.current().mse, single.current().mse);
  }
}

TEST_F(EnsembleOnPlanted, GoesOnFromItsState) {
  Ensemble first(bench_.evaluator(), Random(5), {});
  const ScoredOrder start = shuffled(1);
  first.begin(start);
  (void)first.step();
  StateArchive written;
  first.state(written);
  Ensemble second(bench_.evaluator(), Random(99), {});
  StateArchive archive(written.words());
  second.state(archive);
  EXPECT_TRUE(archive.at_end());
  for (int i = 0; i < 6; ++i) {
    const bool stuck = first.step().stuck;
    ASSERT_EQ(stuck, second.step().stuck);
    ASSERT_EQ(first.current().blocks, second.current().blocks);
    ASSERT_EQ(first.current().mse, second.current().mse);
    if (!stuck) continue;
    first.begin(start);
    second.begin(start);
  }
}

}  // namespace
}  // namespace kintsugi
