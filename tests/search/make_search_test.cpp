#include "search/make_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::kUnknown;
using kintsugi::testing::shuffled_blocks;

// Sums of float32 errors in another order: the model's base error and the evaluator's differ by no more.
constexpr double kRounding = 1e-5;

class SearchOnPlanted : public testing::OnPlanted {};

TEST_F(SearchOnPlanted, TheBestNeverGetsWorse) {
  for (const std::string& name : search_names()) {
    const std::unique_ptr<IslandSearch> search = make_search(name, context(5));
    const Blocks start = shuffled_blocks(problem_, 4);
    search->begin({start, kUnknown, kTiles});
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
      const double recomputed = error(search->best().blocks, tiles);
      EXPECT_NEAR(best, recomputed, kRounding * recomputed + 1e-15);
      if (report.stuck) break;
    }
    EXPECT_LT(best, error(start)) << name;
    EXPECT_GT(escapes, 0) << name << " must leave a local optimum, or the answer";
  }
}

TEST_F(SearchOnPlanted, KicksExchangeUntrustedPairsOnly) {
  const std::set<int> untrusted{truth()[2].expand, truth()[4].expand, truth()[7].expand};
  const std::unique_ptr<IslandSearch> search = make_search("insertion", context(3, 0, untrusted));
  search->begin({truth(), kUnknown, kTiles});
  bool exchanged = false;
  for (int step = 0; step < 60; ++step) {
    (void)search->step();
    for (const Block& block : search->current().blocks) {
      if (block == *std::ranges::find(truth(), block.expand, &Block::expand)) continue;
      exchanged = true;
      EXPECT_TRUE(untrusted.contains(block.expand)) << "piece " << block.expand;
    }
  }
  EXPECT_TRUE(exchanged);
  EXPECT_EQ(search->best().blocks, truth());
}

TEST_F(SearchOnPlanted, IsAFunctionOfSeedAndIsland) {
  const auto orders = [&](std::uint64_t seed, int island) {
    const std::unique_ptr<IslandSearch> search = make_search("insertion", context(seed, island));
    search->begin({truth(), kUnknown, kTiles});
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

TEST_F(SearchOnPlanted, EverySearchGoesOnFromItsState) {
  for (const std::string& name : search_names()) {
    const std::set<int> untrusted{truth()[2].expand, truth()[4].expand};
    const std::unique_ptr<IslandSearch> first = make_search(name, context(5, 0, untrusted));
    first->begin({shuffled_blocks(problem_, 4), kUnknown, kTiles});
    for (int step = 0; step < 25; ++step) (void)first->step();
    const std::unique_ptr<IslandSearch> second = make_search(name, context(5, 0, untrusted));
    testing::set_state(*second, testing::state_of(*first));
    for (int step = 0; step < 5; ++step) {
      (void)first->step();
      (void)second->step();
      ASSERT_EQ(testing::state_of(*second), testing::state_of(*first)) << name << ", step " << step;
    }
  }
}

TEST_F(SearchOnPlanted, EveryNameIsASearchAndNoOtherIs) {
  const std::vector<std::string> names = search_names();
  EXPECT_EQ(std::ranges::count(names, "auto"), 1);
  for (const std::string name : {"", "Bubble", "tabu2", "auto "}) {
    try {
      (void)make_search(name, context(1));
      ADD_FAILURE() << "'" << name << "' was taken";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("'" + name + "'"), std::string::npos) << message;
      for (const std::string& known : names) EXPECT_NE(message.find(known), std::string::npos) << message;
    }
  }
}

class SearchOnOneBlock : public testing::OnPlanted {
 protected:
  SearchOnOneBlock() : OnPlanted(testing::make_planted(1, 6, 100)) {}
};

TEST_F(SearchOnOneBlock, IsStuckAtOnceWithItsError) {
  for (const std::string& name : search_names()) {
    const std::unique_ptr<IslandSearch> search = make_search(name, context(1));
    search->begin({truth(), kUnknown, 2});
    EXPECT_TRUE(search->step().stuck);
    EXPECT_EQ(search->best().blocks, truth());
    EXPECT_EQ(search->best().mse, error(truth(), 2));
  }
}

}  // namespace
}  // namespace kintsugi
