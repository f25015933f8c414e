#include "search/step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "objective/reference.hpp"
#include "search/local/descent.hpp"
#include "search/make_search.hpp"
#include "search/local/pair_exchange.hpp"
#include "search/local/relocation.hpp"

namespace kintsugi {
namespace {

std::set<int> all_blocks(const Blocks& blocks) {
  std::set<int> expand;
  for (const Block& block : blocks) expand.insert(block.expand);
  return expand;
}

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr double kUnknown = std::numeric_limits<double>::infinity();
constexpr std::size_t kTiles = 6;

// Sums of float32 errors in another order: the model's base error and the evaluator's differ by no more.
constexpr double kRounding = 1e-5;

class SearchOnPlanted : public ::testing::Test {
 protected:
  Evaluator& evaluator() { return bench_.evaluator(); }
  double error(const Blocks& blocks) { return evaluator().error(blocks, kTiles); }

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(12, 10, 32 * kTiles + 70);
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
  Blocks truth_ = problem_.truth.blocks;
};

std::vector<std::vector<int>> sorted_pieces(const Blocks& blocks) {
  std::vector<std::vector<int>> pieces(2);
  for (const Block& block : blocks) {
    pieces[0].push_back(block.expand);
    pieces[1].push_back(block.compress);
  }
  for (std::vector<int>& list : pieces) std::ranges::sort(list);
  return pieces;
}

// Steps until stuck and checks every report against orders and errors recomputed. Returns the last order.
template <class Recompute>
ScoredOrder run_until_stuck(Search& search, const ScoredOrder& from, const Recompute& recompute) {
  search.start(from);
  for (int step = 0; step < 300; ++step) {
    const Blocks before = search.current().blocks;
    const double error_before = recompute(before);
    const StepReport report = search.step();
    const ScoredOrder& now = search.current();
    EXPECT_EQ(now.tiles, from.tiles);
    EXPECT_EQ(sorted_pieces(now.blocks), sorted_pieces(before));
    EXPECT_EQ(report.improved, now.blocks != before);
    EXPECT_EQ(report.moves > 0, report.improved);
    EXPECT_FALSE(report.improved && report.stuck);
    if (report.improved) {
      EXPECT_EQ(now.mse, recompute(now.blocks)) << "claimed and recomputed";
      EXPECT_LT(now.mse, error_before * (1 + kRounding));
    }
    if (report.stuck) return now;
  }
  ADD_FAILURE() << "not stuck after 300 steps";
  return search.current();
}

TEST_F(SearchOnPlanted, DescentOnlyGoesDown) {
  for (const std::size_t reach : {0U, 1U, 3U}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Descent descent(evaluator(), model_, reach);
      const Blocks start = shuffled_blocks(problem_, seed);
      const ScoredOrder end =
          run_until_stuck(descent, {start, kUnknown, kTiles}, [&](const Blocks& b) { return error(b); });
      EXPECT_LT(end.mse, error(start)) << "reach " << reach << ", seed " << seed;
    }
  }
}

TEST_F(SearchOnPlanted, DescentUndoesSmallDamage) {
  Blocks swapped = truth_;
  std::swap(swapped[1], swapped[2]);
  std::swap(swapped[6], swapped[7]);
  Blocks moved = truth_;
  insert_in(moved, 2, 9);
  const auto recompute = [&](const Blocks& b) { return error(b); };
  Descent bubble(evaluator(), model_, 1);
  EXPECT_EQ(bubble.name(), "bubble");
  EXPECT_EQ(run_until_stuck(bubble, {swapped, kUnknown, kTiles}, recompute).blocks, truth_);
  Descent insertion(evaluator(), model_, 0);
  EXPECT_EQ(insertion.name(), "insertion");
  EXPECT_EQ(run_until_stuck(insertion, {swapped, kUnknown, kTiles}, recompute).blocks, truth_);
  EXPECT_EQ(run_until_stuck(insertion, {moved, kUnknown, kTiles}, recompute).blocks, truth_);
}

TEST_F(SearchOnPlanted, RelocationTakesWhatLowersTheError) {
  const auto recompute = [&](const Blocks& b) { return error(b); };
  Blocks moved = truth_;
  insert_in(moved, 0, 11);
  Relocation relocation(evaluator(), Random(1));
  const ScoredOrder end = run_until_stuck(relocation, {moved, error(moved), kTiles}, recompute);
  EXPECT_LT(end.mse, 0.5 * error(moved));
  // From the truth there is no way on.
  relocation.start({truth_, error(truth_), kTiles});
  EXPECT_TRUE(relocation.step().stuck);
  EXPECT_EQ(relocation.current().blocks, truth_);
}

TEST_F(SearchOnPlanted, PairExchangeMendsWrongPairs) {
  const auto recompute = [&](const Blocks& b) { return error(b); };
  Blocks wrong = truth_;
  std::swap(wrong[3].compress, wrong[8].compress);
  const std::set<int> doubtful{wrong[3].expand, wrong[8].expand};
  PairExchange in_doubt(evaluator(), doubtful);
  EXPECT_EQ(run_until_stuck(in_doubt, {wrong, error(wrong), kTiles}, recompute).blocks, truth_);
  std::swap(wrong[0].compress, wrong[5].compress);
  PairExchange all(evaluator(), all_blocks(truth_));
  EXPECT_EQ(run_until_stuck(all, {wrong, error(wrong), kTiles}, recompute).blocks, truth_);
}

TEST_F(SearchOnPlanted, PairExchangeLeavesTrustedPairsAlone) {
  Blocks wrong = truth_;
  std::swap(wrong[3].compress, wrong[8].compress);
  for (const std::set<int>& doubtful : {std::set<int>{}, {wrong[3].expand}, {wrong[3].expand, wrong[1].expand}}) {
    PairExchange exchange(evaluator(), doubtful);
    exchange.start({wrong, error(wrong), kTiles});
    while (!exchange.step().stuck) continue;
    EXPECT_EQ(exchange.current().blocks[8], wrong[8]);
  }
}

TEST_F(SearchOnPlanted, KicksExchangePairsInDoubtOnly) {
  const std::set<int> doubtful{truth_[2].expand, truth_[4].expand, truth_[7].expand};
  const std::unique_ptr<IteratedSearch> search = make_search("insertion", evaluator(), model_, 3, 0, doubtful);
  search->start({truth_, kUnknown, kTiles});
  bool exchanged = false;
  for (int step = 0; step < 60; ++step) {
    (void)search->step();
    for (const Block& block : search->current().blocks) {
      const auto home = std::ranges::find(truth_, block.expand, &Block::expand);
      if (block == *home) continue;
      exchanged = true;
      EXPECT_TRUE(doubtful.contains(block.expand)) << "piece " << block.expand;
    }
  }
  EXPECT_TRUE(exchanged);
  EXPECT_EQ(search->best().blocks, truth_);
}

TEST(PairExchange, KeepsToBlocksOfOneHiddenSize) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 6;
  options.width = 8;
  options.hidden = {12, 16};
  options.rows = 130;
  options.pair_signal = 0.5;
  const PlantedProblem problem = make_planted(options);
  Workbench bench(world, problem, {1, world.size()});
  Blocks wrong = problem.truth.blocks;
  std::swap(wrong[0].compress, wrong[4].compress);
  std::swap(wrong[1].compress, wrong[3].compress);
  const auto recompute = [&](const Blocks& blocks) {
    for (const Block& block : blocks) {
      EXPECT_EQ(bench.evaluator().weights().hidden(block.expand), bench.evaluator().weights().hidden(block.compress));
    }
    return bench.evaluator().error(blocks, 5);
  };
  PairExchange exchange(bench.evaluator(), all_blocks(problem.truth.blocks));
  EXPECT_EQ(run_until_stuck(exchange, {wrong, recompute(wrong), 5}, recompute).blocks, problem.truth.blocks);
}

TEST_F(SearchOnPlanted, IteratedNeverReturnsAWorseBest) {
  for (const std::string& name : search_names()) {
    const std::unique_ptr<IteratedSearch> search = make_search(name, evaluator(), model_, 5, 0, {});
    const Blocks start = shuffled_blocks(problem_, 4);
    search->start({start, kUnknown, kTiles});
    double best = kUnknown;
    std::size_t tiles = kTiles;
    int escapes = 0;
    for (int step = 0; step < 400 && (step < 60 || escapes == 0); ++step) {
      const StepReport report = search->step();
      escapes += report.event == Event::kick || report.event == Event::restart ? 1 : 0;
      if (report.event == Event::growth) {
        EXPECT_GT(search->best().tiles, tiles) << "a grown sample";
        tiles = search->best().tiles;
        best = kUnknown;
      }
      EXPECT_EQ(search->best().tiles, tiles);
      EXPECT_EQ(search->current().tiles, tiles);
      EXPECT_LE(search->best().mse, best) << name << ", step " << step;
      best = search->best().mse;
      EXPECT_LE(best, search->current().mse);
      const double recomputed = evaluator().error(search->best().blocks, tiles);
      EXPECT_NEAR(best, recomputed, kRounding * recomputed + 1e-15);
      if (report.stuck) break;
    }
    EXPECT_LT(best, error(start)) << name;
    EXPECT_GT(escapes, 0) << name << " must leave a local optimum, or the answer";
  }
}

TEST_F(SearchOnPlanted, IteratedIsAFunctionOfSeedAndIsland) {
  const auto orders = [&](std::uint64_t seed, int island) {
    const std::unique_ptr<IteratedSearch> search = make_search("insertion", evaluator(), model_, seed, island, {});
    search->start({truth_, kUnknown, kTiles});
    std::vector<Blocks> seen;
    for (int step = 0; step < 12; ++step) {
      (void)search->step();
      seen.push_back(search->current().blocks);
    }
    return seen;
  };
  const std::vector<Blocks> first = orders(1, 0);
  EXPECT_EQ(orders(1, 0), first);
  EXPECT_NE(orders(2, 0), first) << "kicks from another seed";
  EXPECT_NE(orders(1, 1), first) << "kicks on another island";
}

TEST_F(SearchOnPlanted, EveryNameIsASearchAndNoOtherIs) {
  const std::vector<std::string> names = search_names();
  EXPECT_EQ(std::ranges::count(names, "auto"), 1);
  for (const std::string name : {"", "Bubble", "tabu2", "auto "}) {
    try {
      (void)make_search(name, evaluator(), model_, 1, 0, {});
      ADD_FAILURE() << "'" << name << "' was taken";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("'" + name + "'"), std::string::npos) << message;
      for (const std::string& known : names) EXPECT_NE(message.find(known), std::string::npos) << message;
    }
  }
}

TEST(SearchOnOneBlock, IsStuckAtOnceWithItsError) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(1, 6, 100);
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  for (const std::string& name : search_names()) {
    const std::unique_ptr<IteratedSearch> search = make_search(name, bench.evaluator(), model, 1, 0, {});
    search->start({problem.truth.blocks, kUnknown, 2});
    EXPECT_TRUE(search->step().stuck);
    EXPECT_EQ(search->best().blocks, problem.truth.blocks);
    EXPECT_EQ(search->best().mse, bench.evaluator().error(problem.truth.blocks, 2));
  }
}

}  // namespace
}  // namespace kintsugi
