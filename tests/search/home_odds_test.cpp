#include "search/rounds/home_odds.hpp"

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <cmath>

#include "core/random.hpp"

namespace kintsugi {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr Index kBlocks = 60;

MatrixXd noise(std::uint64_t seed) {
  Random random(seed);
  return MatrixXd::NullaryExpr(kBlocks, kBlocks, [&] { return random.normal(); });
}

// A table that tells homes, which are `off` places beside the blocks' own, by so much of its noise.
MatrixXd sign_of_homes(double strength, Index off, std::uint64_t seed) {
  MatrixXd table = noise(seed);
  for (Index b = 0; b < kBlocks; ++b) table(b, std::clamp<Index>(b + off, 0, kBlocks - 1)) -= strength;
  return table;
}

Index right_homes(const MatrixXd& odds) {
  Index right = 0;
  for (Index b = 0; b < kBlocks; ++b) {
    Index home = 0;
    odds.row(b).minCoeff(&home);
    right += home == b ? 1 : 0;
  }
  return right;
}

TEST(HomeOdds, WeighSignsByWhatTheyTell) {
  const std::vector<MatrixXd> signs{sign_of_homes(3, 0, 1), noise(2), sign_of_homes(2, 0, 3)};
  const MatrixXd odds = home_odds(signs, {});
  EXPECT_GT(right_homes(odds), right_homes(signs[0]));
  EXPECT_GT(right_homes(odds), right_homes(signs[2]));
  // A sum over the signs with these weights, by least squares.
  MatrixXd columns(kBlocks * kBlocks, 3);
  for (Index k = 0; k < 3; ++k) columns.col(k) = signs[static_cast<std::size_t>(k)].reshaped();
  const Eigen::VectorXd weights = columns.colPivHouseholderQr().solve(odds.reshaped());
  EXPECT_LT((columns * weights - odds.reshaped()).norm(), 1e-9);
  EXPECT_GT(weights(0), weights(2));
  EXPECT_GT(weights(2), 3 * std::abs(weights(1)));
}

TEST(HomeOdds, SignsThatTellTheOppositeCountNegative) {
  const MatrixXd sign = sign_of_homes(3, 0, 4);
  EXPECT_LT((home_odds({-sign}, {}) - home_odds({sign}, {})).norm(), 1e-6);
}

TEST(HomeOdds, BlocksBesideTheirHomesTeachTheSame) {
  const MatrixXd odds = home_odds({sign_of_homes(4, 1, 5)}, {});
  Index right = 0;
  for (Index b = 0; b + 1 < kBlocks; ++b) {
    Index home = 0;
    odds.row(b).minCoeff(&home);
    right += home == b + 1 ? 1 : 0;
  }
  EXPECT_GT(right, kBlocks * 3 / 4);
}

TEST(HomeOdds, NoiseTellsNextToNothing) {
  const MatrixXd odds = home_odds({noise(6), noise(7)}, {});
  EXPECT_LT(odds.norm() / kBlocks, 0.5);
  EXPECT_EQ(home_odds({}, {}).size(), 0);
}

}  // namespace
}  // namespace kintsugi
