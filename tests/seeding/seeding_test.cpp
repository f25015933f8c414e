#include "seeding/seeding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::Workbench;

// 5 tiles, the last one not full; blocks of two hidden sizes.
PlantedProblem small_problem(std::size_t blocks = 7) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = 6;
  options.hidden = {9, 12};
  options.rows = 140;
  options.pair_signal = 0.5;
  options.depth_jitter = 0.2;
  return make_planted(options);
}

// As solve() has it: ascending by expand piece.
Blocks pairing_of(const PlantedProblem& problem) {
  Blocks pairing = problem.truth.blocks;
  std::ranges::sort(pairing, {}, &Block::expand);
  return pairing;
}

double squared_norm(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

std::vector<int> naive_roll_out(const Reference& reference, const Blocks& pairing, std::size_t tiles) {
  std::vector<std::vector<double>> states;
  for (const std::size_t row : reference.sample(tiles)) states.push_back(reference.input(row));
  std::vector<int> left(pairing.size());
  std::iota(left.begin(), left.end(), 0);
  std::vector<int> order;
  while (!left.empty()) {
    const auto change = [&](int b) {
      double sum = 0;
      for (const auto& x : states) sum += squared_norm(reference.residual(pairing[static_cast<std::size_t>(b)], x));
      return sum;
    };
    const auto next = std::ranges::min_element(left, {}, change);
    order.push_back(*next);
    left.erase(next);
    for (auto& x : states) {
      const std::vector<double> r = reference.residual(pairing[static_cast<std::size_t>(order.back())], x);
      for (std::size_t f = 0; f < x.size(); ++f) x[f] += r[f];
    }
  }
  return order;
}

TEST(Seeding, CompressNormsAreThoseOfTheWeights) {
  const PlantedProblem problem = small_problem();
  const Blocks pairing = pairing_of(problem);
  const CompressNorms norms = compress_norms(problem.network, pairing);
  ASSERT_EQ(norms.frobenius.size(), pairing.size());
  ASSERT_EQ(norms.l1.size(), pairing.size());
  for (std::size_t b = 0; b < pairing.size(); ++b) {
    const Piece& piece = problem.network.pieces[static_cast<std::size_t>(pairing[b].compress)];
    const std::vector<double> weight(piece.weight.begin(), piece.weight.end());
    double magnitudes = 0;
    for (const double value : weight) magnitudes += std::fabs(value);
    EXPECT_NEAR(norms.frobenius[b], std::sqrt(squared_norm(weight)), 1e-12);
    EXPECT_NEAR(norms.l1[b], magnitudes / static_cast<double>(weight.size()), 1e-12);
  }
}

TEST(Seeding, DeltaNormsEqualFloat64) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = small_problem();
  const Blocks pairing = pairing_of(problem);
  const Reference reference(problem);
  Workbench bench(world, problem, {1, world.size()});
  for (const std::size_t tiles : {1U, 3U, 5U}) {
    const std::vector<double> norms = delta_norms(bench.evaluator(), pairing, {bench.evaluator(), tiles});
    ASSERT_EQ(norms.size(), pairing.size());
    const std::vector<std::size_t> rows = reference.sample(tiles);
    for (std::size_t b = 0; b < pairing.size(); ++b) {
      double expected = 0;
      for (const std::size_t row : rows) {
        expected += std::sqrt(squared_norm(reference.residual(pairing[b], reference.input(row))));
      }
      expected /= static_cast<double>(rows.size());
      EXPECT_NEAR(norms[b], expected, 1e-6 * expected) << "block " << b << ", " << tiles << " tiles";
    }
  }
}

TEST(Seeding, GreedyRollOutTakesTheSmallestResidual) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = small_problem();
  const Blocks pairing = pairing_of(problem);
  const Reference reference(problem);
  Workbench bench(world, problem, {1, world.size()});
  for (const std::size_t tiles : {1U, 2U, 5U}) {
    const SharedSample sample(bench.evaluator(), 5);
    EXPECT_EQ(greedy_roll_out(bench.evaluator(), pairing, sample, tiles), naive_roll_out(reference, pairing, tiles))
        << tiles << " tiles";
  }
}

TEST(Seeding, IsTheSameToTheBitOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = small_problem();
  const Blocks pairing = pairing_of(problem);
  const CompressNorms norms = compress_norms(problem.network, pairing);
  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem, {1, 1});
  const std::vector<double> expected_norms = delta_norms(alone.evaluator(), pairing, {alone.evaluator(), 5});
  const std::vector<StartOrder> expected =
      make_start_orders(alone.evaluator(), pairing, norms, "auto", 1, {alone.evaluator(), 3});
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    EXPECT_EQ(delta_norms(bench.evaluator(), pairing, {bench.evaluator(), 5}), expected_norms);
    // Norms are rank 0's business.
    const std::vector<StartOrder> starts = make_start_orders(
        bench.evaluator(), pairing, world.root() ? norms : CompressNorms{}, "auto", 1, {bench.evaluator(), 3});
    ASSERT_EQ(starts.size(), expected.size());
    for (std::size_t i = 0; i < starts.size(); ++i) {
      EXPECT_EQ(starts[i].name, expected[i].name);
      EXPECT_EQ(starts[i].order, expected[i].order);
      EXPECT_EQ(starts[i].mse, expected[i].mse);
    }
  }
}

// Seeds of a problem, on all ranks.
struct StartMaker {
  explicit StartMaker(const PlantedProblem& problem)
      : world(mpi::Comm::world()),
        pairing(pairing_of(problem)),
        norms(compress_norms(problem.network, pairing)),
        bench(world, problem, {1, world.size()}) {}

  std::vector<StartOrder> make(std::string_view name, std::uint64_t seed = 1) {
    return make_start_orders(bench.evaluator(), pairing, norms, name, seed, {bench.evaluator(), 3});
  }
  StartOrder one(std::string_view name, std::uint64_t seed = 1) {
    const std::vector<StartOrder> starts = make(name, seed);
    EXPECT_EQ(starts.size(), 1U);
    EXPECT_EQ(starts.front().name, name);
    return starts.front();
  }

  mpi::Comm world;
  Blocks pairing;
  CompressNorms norms;
  Workbench bench;
};

TEST(MakeSeeds, AutoJudgesAllBestFirst) {
  StartMaker maker(small_problem());
  const std::vector<StartOrder> starts = maker.make("auto");
  ASSERT_GE(starts.size(), 4U);
  std::set<std::vector<int>> orders;
  const std::vector<std::string> known = start_names();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_TRUE(orders.insert(starts[i].order).second) << starts[i].name << " is there twice";
    EXPECT_EQ(std::ranges::count(known, starts[i].name), 1) << starts[i].name;
    EXPECT_NE(starts[i].name, "random");
    EXPECT_EQ(starts[i].mse, maker.bench.evaluator().error(blocks_in_order(maker.pairing, starts[i].order), 3));
    if (i > 0) {
      EXPECT_LE(starts[i - 1].mse, starts[i].mse);
    }
  }
}

TEST(MakeSeeds, CoincidingOrdersKeepTheEarliestName) {
  StartMaker one(small_problem(1));
  const std::vector<StartOrder> lone = one.make("auto");
  ASSERT_EQ(lone.size(), 1U);
  EXPECT_EQ(lone.front().name, "wout-frobenius");
  StartMaker two(small_problem(2));
  const std::vector<StartOrder> both = two.make("auto");
  ASSERT_EQ(both.size(), 2U);
  std::set<std::string> names{both[0].name, both[1].name};
  EXPECT_EQ(names, (std::set<std::string>{"wout-frobenius", "wout-frobenius-reversed"}));
}

TEST(MakeSeeds, NamesMeanWhatTheySay) {
  StartMaker maker(small_problem());
  const auto expect_ascending = [](const StartOrder& start, const std::vector<double>& values) {
    ASSERT_EQ(start.order.size(), values.size());
    for (std::size_t i = 1; i < values.size(); ++i) {
      EXPECT_LE(values[static_cast<std::size_t>(start.order[i - 1])], values[static_cast<std::size_t>(start.order[i])])
          << start.name;
    }
  };
  expect_ascending(maker.one("wout-frobenius"), maker.norms.frobenius);
  expect_ascending(maker.one("wout-l1"), maker.norms.l1);
  expect_ascending(maker.one("delta-norm"),
                   delta_norms(maker.bench.evaluator(), maker.pairing, {maker.bench.evaluator(), 3}));
  EXPECT_EQ(maker.one("greedy").order,
            greedy_roll_out(maker.bench.evaluator(), maker.pairing, {maker.bench.evaluator(), 1}, 1))
      << "rolled out on half of the sample";
}

TEST(MakeSeeds, ReversedIsTheOtherWayRound) {
  StartMaker maker(small_problem());
  for (const std::string name : {"wout-frobenius", "wout-l1", "delta-norm", "greedy"}) {
    std::vector<int> order = maker.one(name).order;
    std::ranges::reverse(order);
    EXPECT_EQ(maker.one(name + "-reversed").order, order) << name;
  }
}

TEST(MakeSeeds, RandomIsAFunctionOfTheSeed) {
  StartMaker maker(small_problem());
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::vector<int> order = maker.one("random", seed).order;
    EXPECT_EQ(order, maker.one("random", seed).order);
    orders.insert(order);
    std::ranges::sort(order);
    for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], static_cast<int>(i));
  }
  EXPECT_GT(orders.size(), 3U);
}

TEST(MakeSeeds, RefusesUnknownNamesOnAllRanks) {
  StartMaker maker(small_problem());
  for (const std::string name : {"", "frobenius", "Greedy", "auto-reversed", "random-reversed", "-reversed", "given"}) {
    try {
      (void)maker.make(name);
      ADD_FAILURE() << "'" << name << "' was taken";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("'" + name + "'"), std::string::npos) << message;
      for (const std::string& known : start_names()) EXPECT_NE(message.find(known), std::string::npos) << message;
    }
  }
}

TEST(Seeding, InOrderPutsBlocksInOrder) {
  const Blocks pairing{{0, 5}, {1, 4}, {2, 3}};
  EXPECT_EQ(blocks_in_order(pairing, {2, 0, 1}), (Blocks{{2, 3}, {0, 5}, {1, 4}}));
  EXPECT_TRUE(blocks_in_order(pairing, {}).empty());
}

}  // namespace
}  // namespace kintsugi
