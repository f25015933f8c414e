// What is hidden in the library but has a definition of its own to be held to.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/random.hpp"
#include "pairing/made_network.hpp"
#include "pairing/normal_scores.hpp"
#include "pairing/orientation.hpp"
#include "pairing/scores.hpp"

namespace kintsugi::pairing {
namespace {

using Eigen::Index;

TEST(Quantiles, AreThoseOfTheTables) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.025), 1.959963985, 1e-8);
  EXPECT_NEAR(normal_quantile(1e-6), 4.753424309, 1e-8);
  EXPECT_NEAR(student_quantile(0.025, 4), 2.776445105, 1e-8);
  EXPECT_NEAR(student_quantile(0.001, 1), 318.3088390, 1e-6);
}

// <P_ij, M - P_i> d / (||P_ij|| ||M||) with every product formed, in float64.
TEST(Agreement, EqualsItsDefinition) {
  const auto made = kintsugi::testing::make_network(
      {.blocks = 7, .width = 6, .hidden = {9, 5}, .dominance = 0.3, .balance = 0.3, .common = 0.4});
  const PairTable pairs(made.network, made.roles.expand, made.roles.compress);
  Scores scores(pairs, {});
  const Table norm = scores.products().norm;
  Matching matching = match_groups(pairs, scores.of(PairScoreKind::balance));
  matching[3] = -1;  // a row may stay without a column
  const auto product = [&](std::size_t i, std::size_t j) -> Eigen::MatrixXd {
    return weight_of(pairs.compress(j)).cast<double>() * weight_of(pairs.expand(i)).cast<double>();
  };
  const auto unit = [&](std::size_t i) -> Eigen::MatrixXd {
    Eigen::MatrixXd p = product(i, static_cast<std::size_t>(matching[i]));
    p /= p.norm();
    return p - p.trace() / 6 * Eigen::MatrixXd::Identity(6, 6);
  };
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(6, 6);
  for (std::size_t i = 0; i < 7; ++i) {
    if (matching[i] >= 0) sum += unit(i);
  }
  const Table result = agreement(pairs, norm, matching);
  for (const Group& group : pairs.groups()) {
    for (const std::size_t i : group.rows) {
      for (const std::size_t j : group.columns) {
        const Eigen::MatrixXd others = matching[i] >= 0 ? Eigen::MatrixXd(sum - unit(i)) : sum;
        const Eigen::MatrixXd p = product(i, j);
        const double expected = p.cwiseProduct(others).sum() * 6 / (p.norm() * sum.norm());
        EXPECT_NEAR(result(static_cast<Index>(i), static_cast<Index>(j)), expected, 1e-4);
      }
    }
  }
}

// Unrelated pieces have the mean and the variance that trust is built on.
TEST(NullLaws, HoldForUnrelatedPieces) {
  for (const std::size_t width : {8U, 48U}) {
    const auto made =
        kintsugi::testing::make_network({.blocks = 60, .width = width, .hidden = {2 * width}, .seed = 21});
    const PairTable pairs(made.network, made.roles.expand, made.roles.compress);
    Scores scores(pairs, {});
    Matching matching(60);
    std::iota(matching.begin(), matching.end(), 0);
    const Table frame = agreement(pairs, scores.products().norm, matching);
    for (const Table& table : {scores.standard_dominance(), scores.standard_balance(), frame}) {
      const double mean = table.mean();
      EXPECT_NEAR(mean, 0, 5.0 / 60);
      EXPECT_NEAR((table.array() - mean).square().mean(), 1, 0.15);
    }
  }
}

TEST(MatchGroups, LeavesTheWorstRowOfATallGroupAlone) {
  const auto made = kintsugi::testing::make_network({.blocks = 3, .width = 4, .hidden = {5}});
  const std::vector<int> two(made.roles.compress.begin(), made.roles.compress.begin() + 2);
  const PairTable pairs(made.network, made.roles.expand, two);
  Table score(3, 2);
  score << 1, 5, 0, 0, 4, 3;
  EXPECT_EQ(match_groups(pairs, score), (Matching{1, -1, 0}));
}

double weight_of_matching(const Table& weight, const SymmetricMatching& matching) {
  double sum = 0;
  for (const auto& [a, b] : matching.pairs) sum += weight(static_cast<Index>(a), static_cast<Index>(b));
  return sum;
}

double best_matching(const Table& weight, std::vector<std::size_t> left) {
  if (left.empty()) return 0;
  const std::size_t a = left.back();
  left.pop_back();
  double best = -1e300;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::vector<std::size_t> rest = left;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    best = std::max(best, weight(static_cast<Index>(a), static_cast<Index>(left[i])) + best_matching(weight, rest));
  }
  return best;
}

TEST(MatchSymmetric, IsPerfectAndTheBestUnlessMarked) {
  std::size_t marked = 0;
  std::size_t exact = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const std::size_t n = 2 * (1 + random.below(4));
    Table weight(static_cast<Index>(n), static_cast<Index>(n));
    for (Index a = 0; a < weight.rows(); ++a) {
      for (Index b = 0; b <= a; ++b) {
        weight(a, b) = weight(b, a) = seed % 2 == 0 ? random.normal() : static_cast<double>(random.below(3));
      }
    }
    const SymmetricMatching found = match_symmetric(weight);
    std::vector<std::size_t> vertices;
    for (const auto& [a, b] : found.pairs) {
      EXPECT_LT(a, b);
      vertices.insert(vertices.end(), {a, b});
    }
    std::sort(vertices.begin(), vertices.end());
    std::vector<std::size_t> all(n);
    std::iota(all.begin(), all.end(), std::size_t{0});
    ASSERT_EQ(vertices, all);
    ASSERT_EQ(found.exact.size(), found.pairs.size());
    const double best = best_matching(weight, all);
    EXPECT_LE(weight_of_matching(weight, found), best + 1e-12);
    if (std::find(found.exact.begin(), found.exact.end(), 0) == found.exact.end()) {
      ++exact;
      EXPECT_NEAR(weight_of_matching(weight, found), best, 1e-12) << "seed " << seed;
    } else {
      ++marked;
    }
  }
  EXPECT_GT(exact, 200U);
  EXPECT_GT(marked, 5U);
}

}  // namespace
}  // namespace kintsugi::pairing
