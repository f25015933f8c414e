#include "search/rounds/pair_relaxation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 16;
constexpr double kUnknown = std::numeric_limits<double>::infinity();

class PairRelaxationOnPlanted : public ::testing::Test {
 protected:
  // A random order; the compress pieces of its first `wrong` blocks are handed on by one place.
  ScoredOrder start_with(std::size_t wrong) {
    Blocks blocks = shuffled_blocks(problem_, 5);
    for (std::size_t p = 0; p + 1 < wrong; ++p) std::swap(blocks[p].compress, blocks[p + 1].compress);
    return {blocks, kUnknown, kTiles};
  }
  static std::set<int> first(const Blocks& blocks, std::size_t count) {
    std::set<int> pieces;
    for (std::size_t p = 0; p < count; ++p) pieces.insert(blocks[p].expand);
    return pieces;
  }
  void finish_round(PairRelaxation& search) {
    for (int step = 0; step < 100; ++step) {
      const StepReport report = search.step();
      EXPECT_EQ(report.event, Event::pair_relaxation);
      EXPECT_EQ(search.current().mse, bench_.evaluator().error(search.current().blocks, kTiles)) << "step " << step;
      if (report.stuck) return;
    }
    FAIL() << "a round ends";
  }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(silent_options(12, 16, 2000));
  Workbench bench_{world_, problem_, {1, world_.size()}};
};

TEST_F(PairRelaxationOnPlanted, ARoundFindsThePairsAtTheOrderThatItWasGiven) {
  const ScoredOrder from = start_with(12);
  PairRelaxation search(bench_.evaluator(), {.untrusted = first(from.blocks, 12)}, Random(1), {});
  EXPECT_GT(search.policy().work_share, 1) << "comes first";
  EXPECT_FALSE(search.policy().forces_acceptance);
  search.begin(from);
  finish_round(search);
  EXPECT_EQ(search.current().blocks, shuffled_blocks(problem_, 5));
  EXPECT_TRUE(search.policy().forces_acceptance);
  // There is nothing new to say in another round.
  search.begin(search.current());
  finish_round(search);
  EXPECT_EQ(search.current().blocks, shuffled_blocks(problem_, 5));
  EXPECT_FALSE(search.policy().forces_acceptance);
  EXPECT_EQ(search.policy().work_share, 1);
  EXPECT_TRUE(search.policy().resumes_own_result);
}

TEST_F(PairRelaxationOnPlanted, LeavesOtherBlocksAlone) {
  ScoredOrder from = start_with(5);
  std::swap(from.blocks[8].compress, from.blocks[9].compress);
  PairRelaxation search(bench_.evaluator(), {.untrusted = first(from.blocks, 5)}, Random(1), {});
  search.begin(from);
  finish_round(search);
  Blocks expected = shuffled_blocks(problem_, 5);
  std::swap(expected[8].compress, expected[9].compress);
  EXPECT_EQ(search.current().blocks, expected);
}

TEST_F(PairRelaxationOnPlanted, TakesAnotherOrderWhereTheSameWouldSayTheSame) {
  const ScoredOrder from = start_with(12);
  PairRelaxation search(bench_.evaluator(), {.untrusted = first(from.blocks, 12)}, Random(1), {});
  const auto sequence = [](const Blocks& blocks) {
    std::vector<int> pieces;
    for (const Block& block : blocks) pieces.push_back(block.expand);
    return pieces;
  };
  int others = 0;
  for (int round = 0; round < 5; ++round) {
    search.begin(from);
    finish_round(search);
    others += sequence(search.current().blocks) != sequence(from.blocks) ? 1 : 0;
  }
  EXPECT_EQ(others, 2) << "after the rounds that have more and more rows";
}

TEST_F(PairRelaxationOnPlanted, GoesOnFromItsState) {
  const ScoredOrder from = start_with(12);
  const std::set<int> untrusted = first(from.blocks, 12);
  PairRelaxation whole(bench_.evaluator(), {.untrusted = untrusted}, Random(1), {});
  whole.begin(from);
  for (int stop = 0; stop < 9; ++stop) {
    StateArchive written;
    whole.state(written);
    PairRelaxation resumed(bench_.evaluator(), {.untrusted = untrusted}, Random(99), {});
    StateArchive archive(written.words());
    resumed.state(archive);
    EXPECT_TRUE(archive.at_end());
    const auto go_on = [](PairRelaxation& search) {
      if (search.step().stuck) search.begin(search.current());
    };
    go_on(whole);
    go_on(resumed);
    EXPECT_EQ(resumed.current().blocks, whole.current().blocks);
    EXPECT_EQ(resumed.current().mse, whole.current().mse);
    StateArchive one;
    StateArchive other;
    whole.state(one);
    resumed.state(other);
    EXPECT_EQ(one.words(), other.words()) << "after " << stop << " steps";
  }
}

}  // namespace
}  // namespace kintsugi
