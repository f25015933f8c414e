#include "objective/pair_tree_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/random.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

// Equations of all pairs of so many blocks whose effects are random and make up for each other: rows are few.
struct Made {
  NearPairEquations equations;
  Eigen::MatrixXd effects;
  Eigen::VectorXd errors;
};

Made random_equations(std::size_t blocks, const std::vector<std::size_t>& flips, double noise, std::uint64_t seed) {
  Made made{
      .equations = {.pairs = near_pairs(blocks, blocks - 1), .gram = {}, .along = {}}, .effects = {}, .errors = {}};
  Random random(seed);
  const auto pairs = static_cast<Eigen::Index>(made.equations.pairs.size());
  made.effects = Eigen::MatrixXd::NullaryExpr(2 * pairs, pairs, [&] { return random.normal(); });
  Eigen::VectorXd truth = Eigen::VectorXd::Zero(pairs);
  for (const std::size_t flip : flips) truth[static_cast<Eigen::Index>(flip)] = 1;
  made.errors = Eigen::VectorXd::NullaryExpr(2 * pairs, [&] { return noise * random.normal(); }) - made.effects * truth;
  made.equations.gram = made.effects.transpose() * made.effects;
  made.equations.along = made.effects.transpose() * made.errors;
  made.equations.square = made.errors.squaredNorm();
  return made;
}

// The pairs on the other side in an order of 0 ... n-1.
std::vector<std::size_t> flips_of(const std::vector<int>& order, const std::vector<PositionPair>& pairs) {
  std::vector<std::size_t> at(order.size());
  for (std::size_t p = 0; p < order.size(); ++p) at[static_cast<std::size_t>(order[p])] = p;
  std::vector<std::size_t> flips;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (at[pairs[i].first] > at[pairs[i].second]) flips.push_back(i);
  }
  return flips;
}

double left_by(const Made& made, const std::vector<std::size_t>& flips) {
  Eigen::VectorXd rest = made.errors;
  for (const std::size_t flip : flips) rest += made.effects.col(static_cast<Eigen::Index>(flip));
  return rest.squaredNorm();
}

TEST(PairTreeSearch, FindsTheOrderThatAllOrdersTriedOutSay) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const std::vector<int> truth{1, 0, 4, 2, 3};
    const Made made = random_equations(5, flips_of(truth, near_pairs(5, 4)), 2.0, seed);
    PairTreeSearch::Rule rule{.flip_costs = {}, .variance = 4.0, .width = 1024, .results = 3};
    for (const PositionPair& pair : made.equations.pairs)
      rule.flip_costs.push_back(0.3 * static_cast<double>(pair.second - pair.first));
    const auto cost = [&](const std::vector<std::size_t>& flips) {
      double sum = left_by(made, flips) / (2 * rule.variance);
      for (const std::size_t flip : flips) sum += rule.flip_costs[flip];
      return sum;
    };
    std::vector<std::pair<double, std::vector<std::size_t>>> all;
    std::vector<int> order(5);
    std::iota(order.begin(), order.end(), 0);
    do {
      const std::vector<std::size_t> flips = flips_of(order, made.equations.pairs);
      all.emplace_back(cost(flips), flips);
    } while (std::ranges::next_permutation(order).found);
    std::ranges::sort(all);
    const PairTreeSearch tree(made.equations);
    const auto found = tree.search(rule, Eigen::VectorXd::Zero(static_cast<Eigen::Index>(tree.pairs())));
    ASSERT_EQ(found.size(), 3U);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i], all[i].second) << "seed " << seed << ", path " << i;
      EXPECT_NEAR(tree.left(found[i]), left_by(made, found[i]), 1e-4 * made.equations.square);
    }
  }
}

TEST(PairTreeSearch, DecidesWhatRoundingGetsWrong) {
  // Two effects that are nearly equal: the real solution is far from 0 and 1.
  const std::vector<int> truth{1, 0, 2, 3};
  Made made = random_equations(4, {}, 0.0, 5);
  made.effects.col(2) = made.effects.col(0) + 0.05 * made.effects.col(2);
  made.errors = -made.effects.col(static_cast<Eigen::Index>(flips_of(truth, made.equations.pairs).front()));
  Random random(3);
  for (double& error : made.errors) error += 0.05 * random.normal();
  made.equations.gram = made.effects.transpose() * made.effects;
  made.equations.along = made.effects.transpose() * made.errors;
  made.equations.square = made.errors.squaredNorm();
  const PairTreeSearch tree(made.equations);
  const PairTreeSearch::Rule rule{
      .flip_costs = std::vector<double>(tree.pairs(), 1.0), .variance = 0.0025, .width = 16, .results = 1};
  const auto found = tree.search(rule, Eigen::VectorXd::Zero(static_cast<Eigen::Index>(tree.pairs())));
  EXPECT_EQ(found.front(), flips_of(truth, made.equations.pairs));
}

TEST(PairTreeSearch, SurvivesPairsWithoutEffect) {
  Made made = random_equations(4, {1}, 0.1, 7);
  made.equations.gram.row(0).setZero();
  made.equations.gram.col(0).setZero();
  made.equations.along[0] = 0;
  const PairTreeSearch tree(made.equations);
  const PairTreeSearch::Rule rule{
      .flip_costs = std::vector<double>(tree.pairs(), 0.5), .variance = 0.01, .width = 8, .results = 8};
  for (const auto& flips : tree.search(rule, Eigen::VectorXd::Zero(static_cast<Eigen::Index>(tree.pairs())))) {
    EXPECT_TRUE(std::isfinite(tree.left(flips)));
  }
}

TEST(NearPairEquations, AreThoseOfExactSwapsOfNeighboursOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  Workbench alone(self, problem, {1, 1});
  const NearPairEquations expected = near_pair_equations(alone.evaluator(), order, 3, kTiles);
  const double mse = alone.evaluator().error(order, kTiles);
  EXPECT_NEAR(expected.square, mse * alone.evaluator().entries(kTiles), 1e-4 * expected.square);
  // Exact in the pair's own blocks, linear behind them.
  double product = 0;
  double predictions = 0;
  double changes = 0;
  for (std::size_t i = 0; i < expected.pairs.size(); ++i) {
    const auto [first, second] = expected.pairs[i];
    if (second - first > 1) continue;
    Blocks swapped = order;
    std::swap(swapped[first], swapped[second]);
    const double change =
        alone.evaluator().error(swapped, kTiles) * alone.evaluator().entries(kTiles) - expected.square;
    const auto at = static_cast<Eigen::Index>(i);
    const double predicted = 2 * expected.along[at] + expected.gram(at, at);
    product += predicted * change;
    predictions += predicted * predicted;
    changes += change * change;
  }
  EXPECT_GT(product, 0.9 * std::sqrt(predictions * changes));
  for (const Grid& grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const NearPairEquations found = near_pair_equations(bench.evaluator(), order, 3, kTiles);
    EXPECT_EQ(found.gram, expected.gram);
    EXPECT_EQ(found.along, expected.along);
    EXPECT_EQ(found.square, expected.square);
  }
}

}  // namespace
}  // namespace kintsugi
