#include "search/rounds/mean_field_round.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::expand_pieces;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 16;

class MeanFieldRoundOnPlanted : public ::testing::Test {
 protected:
  // A random order with all its pairs wrong.
  [[nodiscard]] ScoredOrder wrong_start(std::uint64_t seed) const {
    Blocks blocks = shuffled_blocks(problem_, seed);
    const int first = blocks.front().compress;
    for (std::size_t p = 0; p + 1 < blocks.size(); ++p) blocks[p].compress = blocks[p + 1].compress;
    blocks.back().compress = first;
    return {blocks, std::numeric_limits<double>::infinity(), kTiles};
  }
  [[nodiscard]] MeanFieldRound make() {
    return {bench_.evaluator(), {.untrusted = expand_pieces(problem_.truth.blocks)}, parameters_};
  }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(silent_options(12, 16, 2000));
  Parameters parameters_;
  Workbench bench_{world_, problem_, {1, world_.size()}};
};

TEST_F(MeanFieldRoundOnPlanted, FindsPairsAndOrderTogetherFromAnyStart) {
  Blocks found;
  for (const std::uint64_t seed : {5, 6}) {
    MeanFieldRound round = make();
    const ScoredOrder from = wrong_start(seed);
    const double before = bench_.evaluator().error(from.blocks, kTiles);
    round.begin(from);
    EXPECT_TRUE(round.leads_on_from(from.blocks));
    StepReport report;
    std::int64_t moves = 0;
    for (int step = 0; step < 100 && !report.stuck; ++step) {
      report = round.step();
      moves += report.moves;
    }
    ASSERT_TRUE(report.stuck) << "a round ends";
    EXPECT_EQ(report.event, Event::mean_field);
    EXPECT_GT(moves, 0);
    EXPECT_FALSE(round.leads_on_from(from.blocks));
    const ScoredOrder& now = round.current();
    EXPECT_EQ(now.mse, bench_.evaluator().error(now.blocks, kTiles));
    EXPECT_LT(now.mse, 0.05 * before);
    for (const Block& block : problem_.truth.blocks)
      EXPECT_EQ(now.blocks[static_cast<std::size_t>(position_of(block.expand, now.blocks))], block);
    if (!found.empty()) {
      EXPECT_EQ(now.blocks, found) << "it does not matter where it begins";
    }
    found = now.blocks;
  }
}

TEST_F(MeanFieldRoundOnPlanted, TheNextRoundsAreFiner) {
  parameters_.mean_field.nodes = 4;
  parameters_.mean_field.degrees = 1;
  MeanFieldRound round = make();
  const ScoredOrder from = wrong_start(5);
  std::vector<double> errors;
  while (round.leads_on_from(from.blocks)) {
    ASSERT_LT(errors.size(), 3U) << "8 nodes and then 16 are enough for 12 blocks";
    round.begin(from);
    round.begin(from);  // without a step it is the same round
    for (int step = 0; step < 100 && !round.step().stuck; ++step) {
    }
    errors.push_back(round.current().mse);
  }
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_LT(errors[2], errors[0]);
  // The last one has been: it leaves what it is given alone.
  round.begin(from);
  EXPECT_TRUE(round.step().stuck);
  EXPECT_EQ(round.current().blocks, from.blocks);
}

TEST_F(MeanFieldRoundOnPlanted, GoesOnFromItsState) {
  parameters_.mean_field.nodes = 8;
  parameters_.mean_field.steps = parameters_.mean_field.patience = 2;
  MeanFieldRound whole = make();
  whole.begin(wrong_start(5));
  for (int stop = 0; stop < 4; ++stop) {
    if (stop == 2) whole.begin(wrong_start(6));
    StateArchive written;
    whole.state(written);
    MeanFieldRound resumed = make();
    StateArchive archive(written.words());
    resumed.state(archive);
    EXPECT_TRUE(archive.at_end());
    EXPECT_EQ(whole.step().stuck, resumed.step().stuck);
    StateArchive one;
    StateArchive other;
    whole.state(one);
    resumed.state(other);
    EXPECT_EQ(one.words(), other.words()) << "after " << stop << " steps";
  }
}

}  // namespace
}  // namespace kintsugi
