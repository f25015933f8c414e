#include "objective/relaxed_pairing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

std::set<int> expand_pieces(const Blocks& blocks) {
  std::set<int> pieces;
  for (const Block& block : blocks) pieces.insert(block.expand);
  return pieces;
}

// The order with the compress pieces handed on by one place.
Blocks repaired_wrongly(Blocks blocks) {
  const int first = blocks.front().compress;
  for (std::size_t p = 0; p + 1 < blocks.size(); ++p) blocks[p].compress = blocks[p + 1].compress;
  blocks.back().compress = first;
  return blocks;
}

struct Groups {
  std::vector<std::vector<int>> expand;
  std::vector<std::vector<int>> compress;
};

// Loose pieces by hidden size, each group ascending: the layout of the shares.
Groups groups_of(const Evaluator& evaluator, const Blocks& blocks, const std::set<int>& loose) {
  std::map<std::size_t, std::pair<std::vector<int>, std::vector<int>>> by_hidden;
  for (const Block& block : blocks) {
    if (!loose.contains(block.expand)) continue;
    by_hidden[evaluator.weights().hidden(block.expand)].first.push_back(block.expand);
    by_hidden[evaluator.weights().hidden(block.expand)].second.push_back(block.compress);
  }
  Groups groups;
  for (auto& [hidden, lists] : by_hidden) {
    std::ranges::sort(lists.first);
    std::ranges::sort(lists.second);
    groups.expand.push_back(lists.first);
    groups.compress.push_back(lists.second);
  }
  return groups;
}

// The MSE of the mixtures, in float64 and by plain loops.
double mixture_mse(const Reference& reference, const Groups& groups, const Blocks& blocks,
                   std::span<const double> shares) {
  std::map<int, std::vector<std::pair<int, double>>> parts;  // of each loose expand piece
  std::size_t at = 0;
  for (std::size_t g = 0; g < groups.expand.size(); ++g) {
    for (const int expand : groups.expand[g]) {
      for (const int compress : groups.compress[g]) parts[expand].emplace_back(compress, shares[at++]);
    }
  }
  double sum = 0;
  std::size_t count = 0;
  for (const std::size_t row : reference.sample(kTiles)) {
    std::vector<double> x = reference.input(row);
    for (const Block& block : blocks) {
      std::vector<double> change(x.size(), 0);
      const auto add = [&](const Block& part, double share) {
        const std::vector<double> r = reference.residual(part, x);
        for (std::size_t f = 0; f < x.size(); ++f) change[f] += share * r[f];
      };
      if (const auto found = parts.find(block.expand); found != parts.end()) {
        for (const auto& [compress, share] : found->second) add({block.expand, compress}, share);
      } else {
        add(block, 1);
      }
      for (std::size_t f = 0; f < x.size(); ++f) x[f] += change[f];
    }
    for (const double error : reference.errors_at(x, row)) {
      sum += error * error;
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

TEST(RelaxedPairing, StepsLowerTheErrorOfMixturesThatKeepTheirSumsOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Reference reference(problem);
  const Blocks order = shuffled_blocks(problem, 1);
  std::set<int> loose = expand_pieces(order);
  loose.erase(order[2].expand);
  Workbench alone(self, problem, {1, 1});
  const Groups groups = groups_of(alone.evaluator(), order, loose);
  ASSERT_EQ(groups.expand.size(), 2U) << "two hidden sizes";
  RelaxedPairing whole(alone.evaluator());
  std::vector<RelaxedPairing> split;
  std::vector<std::unique_ptr<Workbench>> benches;
  for (const Grid grid : all_grids(world.size())) {
    benches.push_back(std::make_unique<Workbench>(world, problem, grid));
    split.emplace_back(benches.back()->evaluator());
    split.back().start(order, loose);
  }
  whole.start(order, loose);
  double before = mixture_mse(reference, groups, order, whole.shares());
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(whole.step(kTiles));
    EXPECT_LT(whole.error(), before);
    before = whole.error();
    EXPECT_NEAR(whole.error(), mixture_mse(reference, groups, order, whole.shares()), 1e-4 * whole.error());
    std::size_t at = 0;
    for (const std::vector<int>& group : groups.expand) {
      std::vector<double> columns(group.size(), 0);
      for (std::size_t i = 0; i < group.size(); ++i) {
        double row = 0;
        for (std::size_t j = 0; j < group.size(); ++j) {
          row += whole.shares()[at];
          columns[j] += whole.shares()[at++];
        }
        EXPECT_NEAR(row, 1, 1e-9);
      }
      for (const double column : columns) EXPECT_NEAR(column, 1, 1e-9);
    }
    EXPECT_EQ(at, whole.shares().size());
    for (RelaxedPairing& part : split) {
      ASSERT_TRUE(part.step(kTiles));
      EXPECT_EQ(part.error(), whole.error());
      EXPECT_TRUE(std::ranges::equal(part.shares(), whole.shares()));
    }
  }
  // Only loose blocks have other partners, and only of their own hidden size.
  const Blocks rounded = whole.rounded(order, whole.shares());
  EXPECT_EQ(rounded[2], order[2]);
  for (const Block& block : rounded) {
    EXPECT_EQ(alone.evaluator().weights().hidden(block.expand), alone.evaluator().weights().hidden(block.compress));
  }
}

TEST(RelaxedPairing, FindsAllPairsAtOnceWhereTheWeightsSayNothing) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(silent_options(16, 16, 2000));
  Workbench bench(world, problem, {1, world.size()});
  const std::size_t tiles = bench.evaluator().rows().tiles();
  const Blocks order = shuffled_blocks(problem, 3);
  RelaxedPairing pairing(bench.evaluator());
  pairing.start(repaired_wrongly(order), expand_pieces(order));
  for (int step = 0; step < 2; ++step) ASSERT_TRUE(pairing.step(tiles));
  EXPECT_EQ(pairing.rounded(repaired_wrongly(order), pairing.shares()), order);
  const std::vector<double> shares(pairing.shares().begin(), pairing.shares().end());
  pairing.start(order, expand_pieces(order));
  for (int step = 0; step < 2; ++step) ASSERT_TRUE(pairing.step(tiles));
  EXPECT_TRUE(std::ranges::equal(shares, pairing.shares())) << "the pairs before do not matter";
}

TEST(RelaxedPairing, HasNothingToDoWithoutLooseBlocks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  RelaxedPairing pairing(bench.evaluator());
  pairing.start(problem.truth.blocks, {});
  EXPECT_FALSE(pairing.step(kTiles));
  EXPECT_EQ(pairing.rounded(problem.truth.blocks, pairing.shares()), problem.truth.blocks);
  EXPECT_TRUE(pairing.exchanges(problem.truth.blocks, {}, kTiles).empty());
}

TEST(RelaxedPairing, PredictsExchangesOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  PlantedOptions options = silent_options(7, 16, 32 * kTiles - 7);
  options.hidden = {24, 20};
  options.outputs = 3;
  options.residual = 0.02;
  const PlantedProblem problem = make_planted(options);
  Blocks wrong = problem.truth.blocks;
  std::swap(wrong[0].compress, wrong[4].compress);
  std::swap(wrong[1].compress, wrong[3].compress);
  std::set<int> loose = expand_pieces(wrong);
  loose.erase(wrong[6].expand);
  Workbench alone(self, problem, {1, 1});
  RelaxedPairing model(alone.evaluator());
  const std::vector<RelaxedPairing::Exchange> found = model.exchanges(wrong, loose, kTiles);
  ASSERT_EQ(found.size(), 3U + 3U) << "of three blocks each";
  const double base = alone.evaluator().error(wrong, kTiles);
  for (const RelaxedPairing::Exchange& exchange : found) {
    Blocks exchanged = wrong;
    std::swap(exchanged[exchange.a].compress, exchanged[exchange.b].compress);
    const double change = alone.evaluator().error(exchanged, kTiles) - base;
    EXPECT_LT(exchange.a, exchange.b);
    EXPECT_NEAR(exchange.change, change, 0.1 * std::fabs(change) + 0.01 * base)
        << "positions " << exchange.a << " and " << exchange.b;
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    RelaxedPairing split(bench.evaluator());
    const std::vector<RelaxedPairing::Exchange> same = split.exchanges(wrong, loose, kTiles);
    ASSERT_EQ(same.size(), found.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(same[i].change, found[i].change);
  }
}

}  // namespace
}  // namespace kintsugi
