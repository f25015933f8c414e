#include "search/local/tabu.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

class TabuOnPlanted : public testing::OnPlanted {
 protected:
  Tabu tabu(std::uint64_t seed, const std::set<int>& untrusted = {}) {
    return {evaluator(), model_, untrusted, Random(seed), parameters_.tabu};
  }
};

TEST_F(TabuOnPlanted, LeavesALocalOptimumAndReturnsToItsBest) {
  Tabu search = tabu(3);
  const ScoredOrder start = shuffled(2);
  search.begin(start);
  double best = start.mse;
  bool rose = false;
  for (int step = 0; step < 400; ++step) {
    const double before = search.current().mse;
    const StepReport report = search.step();
    EXPECT_EQ(report.event, Event::tabu);
    EXPECT_EQ(search.current().mse, error(search.current().blocks));
    EXPECT_EQ(report.improved, search.current().mse < best && !report.stuck);
    best = std::min(best, search.current().mse);
    if (!report.stuck && search.current().mse > before) rose = true;
    if (report.stuck) {
      EXPECT_EQ(search.current().mse, best);
      EXPECT_TRUE(rose) << "it accepts worse orders on its way";
      EXPECT_LT(best, 0.5 * start.mse);
      return;
    }
  }
  FAIL() << "not stuck after 400 steps";
}

TEST_F(TabuOnPlanted, ABlockThatWasMovedStaysForAWhile) {
  // From the truth no move leads to a new best order, so that none may break the rule.
  parameters_.tabu.min_tenure = 5;
  parameters_.tabu.tenure_divisor = 1000;
  parameters_.tabu.exchanges = 0;
  Tabu search = tabu(1);
  search.begin(scored(truth()));
  std::vector<int> moved;
  for (int step = 0; step < 20; ++step) {
    const Blocks before = search.current().blocks;
    (void)search.step();
    // The one block whose removal leaves the same sequence before and after: it alone has moved.
    std::vector<int> candidates;
    for (const int piece : testing::sequence_of(before)) {
      std::vector<int> old_rest = testing::sequence_of(before);
      std::vector<int> new_rest = testing::sequence_of(search.current().blocks);
      std::erase(old_rest, piece);
      std::erase(new_rest, piece);
      if (old_rest == new_rest) candidates.push_back(piece);
    }
    ASSERT_FALSE(candidates.empty()) << "an insertion each step";
    ASSERT_LE(candidates.size(), 2U) << "two where neighbours were swapped";
    // At least one of what may have been moved was not moved in the last five steps.
    const auto recent = std::vector<int>(moved.end() - std::min<std::ptrdiff_t>(5, std::ssize(moved)), moved.end());
    std::erase_if(candidates, [&](int piece) { return std::ranges::find(recent, piece) != recent.end(); });
    ASSERT_FALSE(candidates.empty()) << "step " << step;
    moved.push_back(candidates.size() == 1 ? candidates.front() : -1);
  }
}

TEST_F(TabuOnPlanted, TradesUntrustedPairsOnly) {
  Blocks wrong = truth();
  std::swap(wrong[2].compress, wrong[7].compress);
  std::swap(wrong[4].compress, wrong[9].compress);
  const std::set<int> untrusted{truth()[2].expand, truth()[7].expand};
  Tabu search = tabu(1, untrusted);
  search.begin(scored(wrong));
  bool mended = false;
  for (int step = 0; step < 40; ++step) {
    (void)search.step();
    EXPECT_EQ(search.current().mse, error(search.current().blocks));
    for (const Block& block : search.current().blocks) {
      if (untrusted.contains(block.expand)) {
        mended = mended || std::ranges::count(truth(), block) == 1;
      } else {
        EXPECT_EQ(std::ranges::count(wrong, block), 1) << "piece " << block.expand;
      }
    }
  }
  EXPECT_TRUE(mended);
}

TEST_F(TabuOnPlanted, GoesOnFromItsState) {
  const std::set<int> untrusted{truth()[2].expand, truth()[7].expand};
  Tabu first = tabu(1, untrusted);
  first.begin(shuffled(2));
  for (int step = 0; step < 10; ++step) (void)first.step();
  Tabu second = tabu(99, untrusted);
  testing::set_state(second, testing::state_of(first));
  for (int step = 0; step < 10; ++step) {
    EXPECT_EQ(first.step().stuck, second.step().stuck);
    ASSERT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

}  // namespace
}  // namespace kintsugi
