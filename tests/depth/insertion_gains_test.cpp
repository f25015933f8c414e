#include "depth/insertion_gains.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/order.hpp"
#include "core/random.hpp"

namespace kintsugi {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kDecay = 0.8;

MatrixXd random_similarity(Index blocks, std::uint64_t seed) {
  Random random(seed);
  MatrixXd half(blocks, blocks);
  for (double& value : half.reshaped()) value = random.normal();
  MatrixXd similarity = half + half.transpose();
  similarity.diagonal().setZero();
  return similarity;
}

double total(const MatrixXd& similarity, const std::vector<int>& order) {
  double sum = 0;
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t q = p + 1; q < order.size(); ++q)
      sum += similarity(order[p], order[q]) * std::pow(kDecay, static_cast<double>(q - p));
  }
  return sum;
}

// The same by trying every position: the first one behind that is best, else the nearest one before.
std::vector<int> by_trying(const MatrixXd& similarity, const std::vector<int>& order, int from) {
  std::vector<int> best = order;
  double highest = total(similarity, order) + 1e-9;
  const auto consider = [&](int to) {
    std::vector<int> moved = order;
    insert_in(moved, from, to);
    const double reached = total(similarity, moved);
    if (reached > highest) {
      highest = reached;
      best = moved;
    }
  };
  const int blocks = static_cast<int>(order.size());
  for (int to = from + 1; to < blocks; ++to) consider(to);
  for (int to = from - 1; to >= 0; --to) consider(to);
  return best;
}

TEST(InsertionGains, PutEachBlockWhereTryingPutsIt) {
  for (const int blocks : {2, 3, 5, 6, 7, 8, 9, 14, 23}) {
    const MatrixXd similarity = random_similarity(blocks, static_cast<std::uint64_t>(blocks));
    std::vector<int> order(static_cast<std::size_t>(blocks));
    std::iota(order.begin(), order.end(), 0);
    InsertionGains line(similarity, order, kDecay);
    int moves = 0;
    for (int step = 0; step < 3 * blocks; ++step) {
      const int from = step % blocks;
      const std::vector<int> expected = by_trying(similarity, order, from);
      EXPECT_EQ(line.improve(from), expected != order);
      moves += expected != order ? 1 : 0;
      EXPECT_EQ(line.order(), expected) << "blocks " << blocks << ", step " << step;
      order = expected;
    }
    EXPECT_TRUE(moves > 0 || blocks <= 3);
  }
}

}  // namespace
}  // namespace kintsugi
