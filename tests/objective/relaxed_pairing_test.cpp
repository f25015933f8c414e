#include "objective/relaxed_pairing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::expand_pieces;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

// The order with the compress pieces handed on by one position.
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

// Untrusted pieces by hidden size, each group ascending: the layout of the shares.
Groups groups_of(const Evaluator& evaluator, const Blocks& blocks, const std::set<int>& untrusted) {
  std::map<std::size_t, std::pair<std::vector<int>, std::vector<int>>> by_hidden;
  for (const Block& block : blocks) {
    if (!untrusted.contains(block.expand)) continue;
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
  std::map<int, std::vector<std::pair<int, double>>> parts;  // of each untrusted expand piece
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
  std::set<int> untrusted = expand_pieces(order);
  untrusted.erase(order[2].expand);
  Workbench alone(self, problem, {1, 1});
  const Groups groups = groups_of(alone.evaluator(), order, untrusted);
  ASSERT_EQ(groups.expand.size(), 2U) << "two hidden sizes";
  RelaxedPairing whole(alone.evaluator());
  std::vector<RelaxedPairing> split;
  std::vector<std::unique_ptr<Workbench>> benches;
  for (const Grid grid : all_grids(world.size())) {
    benches.push_back(std::make_unique<Workbench>(world, problem, grid));
    split.emplace_back(benches.back()->evaluator());
    split.back().start(order, untrusted);
  }
  whole.start(order, untrusted);
  double before = mixture_mse(reference, groups, order, whole.shares());
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(whole.step(kTiles));
    const double after = mixture_mse(reference, groups, order, whole.shares());
    EXPECT_LT(after, before);
    before = after;
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
      EXPECT_TRUE(std::ranges::equal(part.shares(), whole.shares()));
    }
  }
  // Only untrusted blocks have other partners, and only of their own hidden size.
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

TEST(RelaxedPairing, BeginsWithTheSharesThatAreLikely) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(silent_options(9, 16, 200));
  Workbench bench(world, problem, {1, world.size()});
  const Blocks order = shuffled_blocks(problem, 3);
  const std::set<int> untrusted = expand_pieces(order);
  PairShares likely{.expand = {untrusted.begin(), untrusted.end()}, .compress = {}, .shares = {}};
  for (const Block& block : order) likely.compress.push_back(block.compress);
  std::ranges::sort(likely.compress);
  for (const int expand : likely.expand) {
    for (const int compress : likely.compress) {
      const auto block = std::ranges::find(order, expand, &Block::expand);
      likely.shares.push_back(block->compress == compress ? 1 : 0);
    }
  }
  RelaxedPairing pairing(bench.evaluator());
  pairing.start(repaired_wrongly(order), untrusted, likely);
  EXPECT_EQ(pairing.rounded(repaired_wrongly(order), pairing.shares()), order);
  EXPECT_DOUBLE_EQ(std::accumulate(pairing.shares().begin(), pairing.shares().end(), 0.0),
                   static_cast<double>(order.size()));
}

TEST(RelaxedPairing, HasNothingToDoWhereAllIsTrusted) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  RelaxedPairing pairing(bench.evaluator());
  pairing.start(problem.truth.blocks, {});
  EXPECT_FALSE(pairing.step(kTiles));
  EXPECT_EQ(pairing.rounded(problem.truth.blocks, pairing.shares()), problem.truth.blocks);
}

}  // namespace
}  // namespace kintsugi
