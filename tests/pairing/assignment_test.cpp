#include "core/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double total(const std::vector<double>& score, std::size_t columns, const std::vector<int>& column_of) {
  double sum = 0;
  for (std::size_t i = 0; i < column_of.size(); ++i) sum += score[i * columns + static_cast<std::size_t>(column_of[i])];
  return sum;
}

void expect_valid(const std::vector<int>& column_of, std::size_t rows, std::size_t columns) {
  ASSERT_EQ(column_of.size(), rows);
  std::vector<int> sorted = column_of;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end()) << "a column is used twice";
  EXPECT_GE(sorted.front(), 0);
  EXPECT_LT(sorted.back(), static_cast<int>(columns));
}

// The best sum over all assignments; nothing where each has a forbidden pair.
std::optional<double> brute_force(const std::vector<double>& score, std::size_t rows, std::size_t columns) {
  std::vector<int> order(columns);
  std::iota(order.begin(), order.end(), 0);
  double best = -kInfinity;
  do {
    best = std::max(best, total(score, columns, {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rows)}));
  } while (std::next_permutation(order.begin(), order.end()));
  if (best == -kInfinity) return std::nullopt;
  return best;
}

// Prices u, v with u_i + v_j >= score_ij everywhere, v_j >= 0, and v_j = 0 for columns without a row prove that no
// assignment sums to more than sum u + sum v. Found independently of assign(): as shortest distances in the graph of
// exchanges, which exist only if the assignment is the best one. Returns sum u + sum v, or nothing where an exchange
// improves.
std::optional<double> dual_bound(const std::vector<double>& score, std::size_t rows, std::size_t columns,
                                 const std::vector<int>& column_of) {
  std::vector<double> v(columns, 0);
  std::vector<char> used(columns, 0);
  for (const int j : column_of) used[static_cast<std::size_t>(j)] = 1;
  // v_j is the most that a row would pay to have j: at least what any row gains by taking j instead of its own.
  constexpr double kRounding = 1e-9;
  for (std::size_t round = 0; round <= columns; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < rows; ++i) {
      const auto own = static_cast<std::size_t>(column_of[i]);
      const double surplus = score[i * columns + own] - v[own];
      for (std::size_t j = 0; j < columns; ++j) {
        const double needed = score[i * columns + j] - surplus;
        if (needed <= v[j] + kRounding) continue;
        if (used[j] == 0) return std::nullopt;
        v[j] = needed;
        changed = true;
      }
    }
    if (!changed) {
      double bound = std::accumulate(v.begin(), v.end(), 0.0);
      for (std::size_t i = 0; i < rows; ++i) {
        double u = -kInfinity;
        for (std::size_t j = 0; j < columns; ++j) u = std::max(u, score[i * columns + j] - v[j]);
        bound += u;
      }
      return bound;
    }
  }
  return std::nullopt;
}

TEST(Assign, EqualsBruteForceOnSmallRandomScores) {
  std::size_t infeasible = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const std::size_t columns = 1 + random.below(6);
    const std::size_t rows = 1 + random.below(columns);
    std::vector<double> score(rows * columns);
    for (double& s : score) {
      // Few different values, so that ties are common, or many; some pairs forbidden.
      s = seed % 2 == 0 ? static_cast<double>(random.below(4)) : random.normal();
      if (random.below(5) < seed % 4) s = -kInfinity;
    }
    const std::optional<double> best = brute_force(score, rows, columns);
    if (!best) {
      ++infeasible;
      EXPECT_THROW((void)assign(score, rows, columns), InputError) << "seed " << seed;
      continue;
    }
    const std::vector<int> found = assign(score, rows, columns);
    expect_valid(found, rows, columns);
    EXPECT_NEAR(total(score, columns, found), *best, 1e-12) << "seed " << seed;
  }
  EXPECT_GT(infeasible, 20U);
}

TEST(Assign, HasPricesThatProveItOptimal) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed, 1);
    const std::size_t columns = 60 + random.below(90);
    const std::size_t rows = seed % 3 == 0 ? columns : columns - random.below(40);
    std::vector<double> score(rows * columns);
    for (double& s : score) s = seed % 2 == 0 ? random.uniform() : static_cast<double>(random.below(10));
    const std::vector<int> found = assign(score, rows, columns);
    expect_valid(found, rows, columns);
    const std::optional<double> bound = dual_bound(score, rows, columns, found);
    ASSERT_TRUE(bound.has_value()) << "an exchange improves the assignment, seed " << seed;
    EXPECT_NEAR(*bound, total(score, columns, found), 1e-6) << "seed " << seed;
  }
}

TEST(Assign, CertificateRejectsAWorseAssignment) {
  Random random(3, 1);
  std::vector<double> score(900);
  for (double& s : score) s = random.uniform();
  std::vector<int> found = assign(score, 30, 30);
  std::swap(found[4], found[17]);
  EXPECT_FALSE(dual_bound(score, 30, 30, found).has_value());
}

TEST(Assign, SolvesAThousandByAThousand) {
  // score_ij = a_i + b_j - c_ij with c >= 0, and 0 only on a hidden permutation: that permutation is the one optimum.
  constexpr std::size_t kSize = 1024;
  Random random(7);
  std::vector<int> hidden(kSize);
  std::iota(hidden.begin(), hidden.end(), 0);
  random.shuffle(std::span(hidden));
  std::vector<double> a(kSize);
  std::vector<double> b(kSize);
  for (double& x : a) x = 3 * random.normal();
  for (double& x : b) x = 3 * random.normal();
  std::vector<double> score(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) {
      const bool pair = hidden[i] == static_cast<int>(j);
      score[i * kSize + j] = a[i] + b[j] - (pair ? 0.0 : 0.001 + random.uniform());
    }
  }
  EXPECT_EQ(assign(score, kSize, kSize), hidden);
  for (double& s : score) s = random.normal();
  expect_valid(assign(score, kSize, kSize), kSize, kSize);
}

TEST(Assign, BreaksTiesByLowestIndex) {
  EXPECT_EQ(assign(std::vector<double>(12, 0.5), 3, 4), (std::vector<int>{0, 1, 2}));
}

TEST(Assign, AcceptsNoRows) { EXPECT_TRUE(assign({}, 0, 3).empty()); }

TEST(Assign, RefusesWhatItCannotWorkOn) {
  const std::vector<double> six(6, 1);
  EXPECT_THROW((void)assign(six, 3, 2), InternalError);
  EXPECT_THROW((void)assign(six, 2, 4), InternalError);
  EXPECT_THROW((void)assign(std::vector<double>{1, std::nan("")}, 1, 2), InternalError);
  EXPECT_THROW((void)assign(std::vector<double>{1, kInfinity}, 1, 2), InternalError);
}

}  // namespace
}  // namespace kintsugi
