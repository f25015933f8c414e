#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/reference.hpp"
#include "search/islands/elite_pool.hpp"
#include "search/make_search.hpp"
#include "search/islands/topology.hpp"
#include "search/local/tabu.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

Blocks line_of(int count) {
  Blocks blocks;
  for (int b = 0; b < count; ++b) blocks.push_back({b, 100 + b});
  return blocks;
}

TEST(OrderDistance, CountsInversionsAndPairs) {
  const Blocks a = line_of(5);
  Blocks b = a;
  EXPECT_EQ(distance(a, b).inversions, 0U);
  std::reverse(b.begin(), b.end());
  EXPECT_EQ(distance(a, b).inversions, 10U);
  EXPECT_EQ(distance(a, b).pairs, 0U);
  b = a;
  insert_in(b, 0, 3);
  EXPECT_EQ(distance(a, b).inversions, 3U);
  EXPECT_EQ(distance(b, a).inversions, 3U);
  std::swap(b[0].compress, b[4].compress);
  EXPECT_EQ(distance(a, b).inversions, 3U) << "a block is known by its expand piece";
  EXPECT_EQ(distance(a, b).pairs, 2U);
}

TEST(OrderDistance, AgainstAllPairs) {
  Random random(4);
  for (int round = 0; round < 20; ++round) {
    const Blocks a = line_of(9);
    Blocks b = a;
    random.shuffle(std::span(b));
    std::size_t inversions = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
      for (std::size_t j = i + 1; j < b.size(); ++j) inversions += b[i].expand > b[j].expand ? 1 : 0;
    }
    EXPECT_EQ(distance(a, b).inversions, inversions);
  }
}

TEST(ElitePool, KeepsTheBestAndKeepsThemApart) {
  ElitePool pool(3, DistanceRule(0.1));  // of 45 pairs: up to 4 inversions are alike
  const Blocks a = line_of(10);
  Blocks near = a;
  std::swap(near[0], near[1]);
  Blocks far = a;
  std::reverse(far.begin(), far.end());
  EXPECT_TRUE(pool.offer({a, 0.5, 0}));
  EXPECT_FALSE(pool.offer({near, 0.6, 1})) << "alike and worse";
  EXPECT_FALSE(pool.offer({a, 0.5, 1})) << "the same";
  EXPECT_TRUE(pool.offer({near, 0.4, 1})) << "alike and better: in its place";
  ASSERT_EQ(pool.elites().size(), 1U);
  EXPECT_EQ(pool.elites()[0].island, 1);
  EXPECT_TRUE(pool.offer({far, 0.9, 2})) << "worse, but another";
  Blocks third = a;
  std::rotate(third.begin(), third.begin() + 5, third.end());
  EXPECT_TRUE(pool.offer({third, 0.7, 0}));
  Blocks fourth = far;
  std::rotate(fourth.begin(), fourth.begin() + 5, fourth.end());
  EXPECT_FALSE(pool.offer({fourth, 1.5, 0})) << "full, and worse than all";
  EXPECT_TRUE(pool.offer({fourth, 0.8, 0})) << "full: the worst goes";
  std::vector<double> errors;
  for (const Elite& elite : pool.elites()) errors.push_back(elite.mse);
  EXPECT_EQ(errors, (std::vector<double>{0.4, 0.7, 0.8}));
}

TEST(ElitePool, OtherPairsAreNeverAlike) {
  const DistanceRule rule(1);
  const Blocks a = line_of(6);
  Blocks b = a;
  std::swap(b[0].compress, b[1].compress);
  EXPECT_TRUE(rule.alike(a, a));
  EXPECT_FALSE(rule.alike(a, b));
}

TEST(ElitePool, ConsensusIsWhatAllAgreeOn) {
  ElitePool pool(4, DistanceRule(0));
  EXPECT_EQ(pool.consensus().order, 1);
  const Blocks a = line_of(5);
  Blocks b = a;
  std::swap(b[0], b[1]);
  Blocks c = a;
  std::swap(c[3], c[4]);
  std::swap(c[0].compress, c[2].compress);
  (void)pool.offer({a, 1, 0});
  (void)pool.offer({b, 2, 1});
  EXPECT_DOUBLE_EQ(pool.consensus().order, 0.9);
  EXPECT_DOUBLE_EQ(pool.consensus().pairs, 1);
  (void)pool.offer({c, 3, 2});
  EXPECT_DOUBLE_EQ(pool.consensus().order, 0.8);
  EXPECT_DOUBLE_EQ(pool.consensus().pairs, 0.6);
}

TEST(Topology, WhoHearsOfWhom) {
  EXPECT_EQ(Ring().sources(0, 4), (std::vector<int>{3}));
  EXPECT_EQ(Ring().sources(2, 4), (std::vector<int>{1}));
  EXPECT_TRUE(Ring().sources(0, 1).empty());
  EXPECT_EQ(AllToAll().sources(1, 4), (std::vector<int>{0, 2, 3}));
  EXPECT_TRUE(AllToAll().sources(0, 1).empty());
  EXPECT_EQ(make_topology("none"), nullptr);
  EXPECT_THROW((void)make_topology("star"), UsageError);
  // Every island's order reaches all others along the ring.
  for (int island = 0; island < 5; ++island) {
    int at = island;
    for (int step = 0; step < 4; ++step) {
      at = Ring().sources(at, 5).front();
      EXPECT_NE(at, island);
    }
    EXPECT_EQ(Ring().sources(at, 5).front(), island);
  }
}

class IslandsOnPlanted : public ::testing::Test {
 protected:
  Evaluator& evaluator() { return bench_.evaluator(); }
  static constexpr std::size_t kTiles = 6;

  mpi::Comm world_ = mpi::Comm::world();
  PlantedProblem problem_ = make_planted(12, 10, 32 * kTiles);
  Workbench bench_{world_, problem_, {1, world_.size()}};
  LinearModel model_{bench_.evaluator()};
};

TEST_F(IslandsOnPlanted, TabuLeavesALocalOptimumAndReturnsToItsBest) {
  Tabu tabu(evaluator(), model_, {}, Random(3));
  const Blocks start = shuffled_blocks(problem_, 2);
  const double at_start = evaluator().error(start, kTiles);
  tabu.start({start, at_start, kTiles});
  double best = at_start;
  bool rose = false;
  for (int step = 0; step < 400; ++step) {
    const double before = tabu.current().mse;
    const StepReport report = tabu.step();
    EXPECT_EQ(tabu.current().mse, evaluator().error(tabu.current().blocks, kTiles));
    EXPECT_EQ(report.improved, tabu.current().mse < best && !report.stuck);
    best = std::min(best, tabu.current().mse);
    if (!report.stuck && tabu.current().mse > before) rose = true;
    if (report.stuck) {
      EXPECT_EQ(tabu.current().mse, best);
      EXPECT_TRUE(rose) << "it accepts worse orders on its way";
      EXPECT_LT(best, 0.5 * at_start);
      return;
    }
  }
  FAIL() << "not stuck after 400 steps";
}

TEST_F(IslandsOnPlanted, AnIslandTakesABetterOrderOverOnceStale) {
  const std::unique_ptr<IteratedSearch> search = make_search("insertion", evaluator(), model_, 5, 0, {});
  Blocks start = problem_.truth.blocks;
  std::reverse(start.begin(), start.end());
  search->start({start, std::numeric_limits<double>::infinity(), kTiles});
  const Replacement rule(3, 0.02);
  const double truth = evaluator().error(problem_.truth.blocks, kTiles);
  EXPECT_FALSE(rule.accepts(*search, truth)) << "it has not come to a standstill";
  while (search->kicks_since_best() < 3 && search->best().mse > 1e-9) (void)search->step();
  if (search->best().mse > 1e-9) {
    EXPECT_TRUE(rule.accepts(*search, truth));
    EXPECT_FALSE(rule.accepts(*search, 0.99 * search->best().mse)) << "not enough better";
    search->adopt(problem_.truth.blocks, truth);
  }
  EXPECT_EQ(search->best().mse, truth);
  EXPECT_EQ(search->best().blocks, problem_.truth.blocks);
}

TEST_F(IslandsOnPlanted, CrossoversKeepThePiecesAndComeFromElites) {
  const std::unique_ptr<IteratedSearch> search = make_search("insertion", evaluator(), model_, 7, 0, {});
  search->start({shuffled_blocks(problem_, 3), std::numeric_limits<double>::infinity(), kTiles});
  search->set_elites({shuffled_blocks(problem_, 4), problem_.truth.blocks});
  int crossovers = 0;
  for (int step = 0; step < 300 && crossovers == 0 && search->best().mse > 1e-9; ++step) {
    const StepReport report = search->step();
    std::vector<int> pieces;
    for (const Block& block : search->current().blocks) pieces.push_back(block.expand);
    std::ranges::sort(pieces);
    EXPECT_EQ(std::ranges::adjacent_find(pieces), pieces.end());
    if (report.event == Event::crossover) {
      ++crossovers;
      EXPECT_EQ(search->current().mse, evaluator().error(search->current().blocks, kTiles));
    }
  }
  EXPECT_TRUE(crossovers > 0 || search->best().mse <= 1e-9);
}

TEST(SearchState, WordsComeBackAsTheyWere) {
  StateWriter writer;
  Random random(9, 2);
  (void)random.next();
  const std::map<int, std::int64_t> entries{{3, -1}, {7, 1LL << 40}};
  writer.put(std::int64_t{-5});
  writer.put(std::numeric_limits<double>::infinity());
  writer.put(-0.0);
  writer.put(random);
  writer.put(line_of(3));
  writer.put(std::vector<int>{4, -2});
  writer.put(entries);
  StateReader reader(writer.words());
  EXPECT_EQ(reader.get<std::int64_t>(), -5);
  EXPECT_EQ(reader.get<double>(), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::signbit(reader.get<double>()));
  Random again(1);
  reader.get(again);
  EXPECT_EQ(again.next(), random.next());
  EXPECT_EQ(reader.get<Blocks>(), line_of(3));
  EXPECT_EQ(reader.get<std::vector<int>>(), (std::vector<int>{4, -2}));
  EXPECT_EQ((reader.get<std::map<int, std::int64_t>>()), entries);
  EXPECT_TRUE(reader.at_end());
  EXPECT_THROW((void)reader.get<double>(), InputError);
  // Cut off anywhere, it is refused and not read beyond its end.
  for (std::size_t length = 4; length < writer.words().size(); ++length) {
    StateReader cut(std::span(writer.words()).first(length));
    const auto read_all = [&] {
      for (int i = 0; i < 4; ++i) (void)cut.get<std::int64_t>();
      (void)cut.get<Blocks>();
      (void)cut.get<std::vector<int>>();
      (void)cut.get<std::map<int, std::int64_t>>();
    };
    EXPECT_THROW(read_all(), InputError);
  }
}

}  // namespace
}  // namespace kintsugi
