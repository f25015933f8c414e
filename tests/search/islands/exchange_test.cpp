#include "search/islands/exchange.hpp"

#include <gtest/gtest.h>

#include "kintsugi/core/error.hpp"
#include "search/islands/planted_islands.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::PlantedIslands;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;

// Three islands after a step: the first at the truth, which solves nothing, the others far from it.
class ThreeIslands : public ::testing::Test {
 protected:
  ThreeIslands() {
    options_.islands = 3;
    options_.search = "insertion";
    options_.parameters.migration = {.patience = 0, .better = 0};
  }

  std::vector<Island> advanced(PlantedIslands& place) {
    std::vector<Island> own = place.begun_at({truth(), shuffled_blocks(problem_, 1), shuffled_blocks(problem_, 2)});
    for (Island& island : own) island.advance(1);
    return own;
  }
  // Which islands are at the truth, on all ranks.
  std::vector<int> at_truth(const std::vector<Island>& own) {
    std::vector<std::int64_t> found(3, 0);
    for (const Island& island : own) {
      if (island.best().blocks == truth()) found[static_cast<std::size_t>(island.number())] = 1;
    }
    world_.max(found);
    std::vector<int> islands;
    for (int i = 0; i < 3; ++i) {
      if (found[static_cast<std::size_t>(i)] != 0) islands.push_back(i);
    }
    return islands;
  }
  [[nodiscard]] const Blocks& truth() const { return problem_.truth.blocks; }

  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = testing::noise_and_a_copy();
  SearchOptions options_;
};

TEST_F(ThreeIslands, ThePoolHasAllIslandsBestOrders) {
  PlantedIslands place(world_, problem_, options_);
  std::vector<Island> own = advanced(place);
  Exchange exchange(place.group(), options_);
  exchange.fill_pool(own);
  ASSERT_EQ(exchange.elites().size(), 3U);
  EXPECT_EQ(exchange.elites()[0].blocks, truth());
  EXPECT_EQ(exchange.elites()[0].island, 0);
  for (const Elite& elite : exchange.elites()) EXPECT_EQ(elite.mse, place.scored(elite.blocks).mse);
  const ExchangeReport report = exchange.report(7);
  EXPECT_EQ(report.round, 7);
  EXPECT_EQ(report.elites, 3U);
  EXPECT_EQ(report.best, exchange.elites()[0].mse);
  EXPECT_LT(report.same_order, 1);
  EXPECT_EQ(report.same_pairs, 1);
}

TEST_F(ThreeIslands, OrdersTravelAlongTheTopology) {
  const auto travels = [&](const std::string& topology, const std::vector<std::vector<int>>& expected) {
    options_.topology = topology;
    PlantedIslands place(world_, problem_, options_);
    std::vector<Island> own = advanced(place);
    Exchange exchange(place.group(), options_);
    EXPECT_EQ(at_truth(own), (std::vector<int>{0}));
    for (const std::vector<int>& islands : expected) {
      exchange.fill_pool(own);
      exchange.migrate(own);
      EXPECT_EQ(at_truth(own), islands) << topology;
    }
  };
  travels("none", {{0}, {0}});
  travels("ring", {{0, 1}, {0, 1, 2}});
  travels("all", {{0, 1, 2}});
}

TEST_F(ThreeIslands, APoolOfAnotherSampleIsForgotten) {
  PlantedIslands place(world_, problem_, options_);
  std::vector<Island> own;
  for (const int number : place.group().own()) {
    own.push_back(place.make_island(number));
    own.back().begin(place.scored(shuffled_blocks(problem_, static_cast<std::uint64_t>(number) + 1)), 2);
    own.back().advance(1);
  }
  Exchange exchange(place.group(), options_);
  exchange.fill_pool(own);
  for (const Elite& elite : exchange.elites()) EXPECT_EQ(elite.mse, place.evaluator().error(elite.blocks, 2));
  std::vector<Island> on_all_rows = advanced(place);
  exchange.fill_pool(on_all_rows);
  for (const Elite& elite : exchange.elites()) EXPECT_EQ(elite.mse, place.scored(elite.blocks).mse);
}

TEST_F(ThreeIslands, GoOnFromTheExchangesState) {
  PlantedIslands place(world_, problem_, options_);
  std::vector<Island> own = advanced(place);
  Exchange first(place.group(), options_);
  first.fill_pool(own);
  Exchange second(place.group(), options_);
  testing::set_state(second, testing::state_of(first));
  ASSERT_EQ(second.elites().size(), 3U);
  EXPECT_EQ(testing::state_of(second), testing::state_of(first));
}

TEST_F(ThreeIslands, NoOtherTopologyIsTaken) {
  PlantedIslands place(world_, problem_, options_);
  options_.topology = "star";
  EXPECT_THROW(Exchange(place.group(), options_), UsageError);
}

}  // namespace
}  // namespace kintsugi
