#include "search/rounds/position_belief.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>
#include <limits>

#include "core/random.hpp"

namespace kintsugi {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kBlocks = 6;
constexpr Index kEntries = 20;
constexpr Index kOrders = 4000;

MatrixXd normal_matrix(Index rows, Index cols, Random& random) {
  MatrixXd matrix(rows, cols);
  for (double& one : matrix.reshaped()) one = random.normal();
  return matrix;
}

// Orders whose differences are linear in the positions, plus noise of a known covariance: large in two directions of
// the entries, small in all others.
struct Linear {
  Random random{7};
  MatrixXd slopes = normal_matrix(kBlocks, kEntries, random);
  MatrixXd loud = 30 * normal_matrix(2, kEntries, random);
  double quiet = 2;
  VectorXd truth = 3 * normal_matrix(kBlocks, 1, random);
  double prior = 3;  // standard deviation about zero

  [[nodiscard]] MatrixXd noise(Index orders) {
    return normal_matrix(orders, 2, random) * loud + quiet * normal_matrix(orders, kEntries, random);
  }
  [[nodiscard]] DrawnOrders draw(Index orders, const VectorXd& answer) {
    DrawnOrders drawn;
    drawn.positions = prior * normal_matrix(orders, kBlocks, random);
    // The answer has noise of its own, which is in all differences.
    const Eigen::RowVectorXd data = answer.transpose() * slopes + noise(1).row(0);
    drawn.differences = (drawn.positions * slopes + noise(orders)).rowwise() - data;
    return drawn;
  }
  [[nodiscard]] VectorXd exact_deviations() const {
    const MatrixXd covariance = loud.transpose() * loud + quiet * quiet * MatrixXd::Identity(kEntries, kEntries);
    const MatrixXd precision =
        slopes * covariance.llt().solve(slopes.transpose()) + MatrixXd::Identity(kBlocks, kBlocks) / (prior * prior);
    return precision.inverse().diagonal().cwiseSqrt();
  }
};

EnsembleParameters plain() {
  EnsembleParameters parameters;
  parameters.least_narrowing = 0;
  parameters.least_deviation = 0;
  return parameters;
}

TEST(PositionBelief, IsTheKalmanUpdateWhereOutputsAreLinear) {
  Linear linear;
  const auto belief = updated_belief(linear.draw(kOrders, linear.truth), 1, plain());
  ASSERT_TRUE(belief);
  const VectorXd exact = linear.exact_deviations();
  ASSERT_LT(exact.maxCoeff(), 0.5 * linear.prior) << "the data say much";
  for (Index b = 0; b < kBlocks; ++b) {
    EXPECT_NEAR(std::sqrt(belief->covariance(b, b)), exact(b), 0.1 * exact(b));
    EXPECT_NEAR(belief->mean(b), linear.truth(b), 4 * exact(b));
  }
  EXPECT_NEAR(belief->deviation, exact.mean(), 0.1 * exact.mean());
  EXPECT_LT(belief->surprise, 1.5);
}

TEST(PositionBelief, SaysLessWhereTheDataAreUnlikely) {
  Linear linear;
  DrawnOrders drawn = linear.draw(kOrders, linear.truth);
  const auto likely = updated_belief(drawn, 1, plain());
  // Data that no positions explain: each entry is off by a hundred times its quiet noise.
  drawn.differences.rowwise() -= 100 * linear.quiet * normal_matrix(1, kEntries, linear.random).row(0);
  const auto unlikely = updated_belief(drawn, 1, plain());
  ASSERT_TRUE(likely && unlikely);
  EXPECT_GT(unlikely->surprise, 100);
  EXPECT_GT(unlikely->deviation, 1.5 * likely->deviation);
}

TEST(PositionBelief, NarrowsNoFasterThanItMay) {
  Linear linear;
  linear.quiet = 1e-3;
  EnsembleParameters parameters = plain();
  parameters.least_narrowing = 0.7;
  const auto belief = updated_belief(linear.draw(kOrders, linear.truth), 1, parameters);
  ASSERT_TRUE(belief);
  for (Index b = 0; b < kBlocks; ++b)
    EXPECT_NEAR(std::sqrt(belief->covariance(b, b)), 0.7 * linear.prior, 0.1 * linear.prior);
  EXPECT_LT(belief->deviation, 0.1 * linear.prior) << "what the data leave";
}

TEST(PositionBelief, IsInflatedAsAsked) {
  Linear linear;
  const DrawnOrders drawn = linear.draw(kOrders, linear.truth);
  EnsembleParameters parameters = plain();
  const auto belief = updated_belief(drawn, 1, parameters);
  const auto inflated = updated_belief(drawn, 1.5, parameters);
  ASSERT_TRUE(belief && inflated);
  EXPECT_TRUE(inflated->covariance.isApprox(1.5 * 1.5 * belief->covariance, 1e-9));
  EXPECT_EQ(inflated->mean, belief->mean);
}

TEST(PositionBelief, LearnsNothingFromNoise) {
  // Outputs that do not depend on positions, on as few orders as ensembles have: fitted slopes are all noise.
  Linear linear;
  linear.slopes.setZero();
  for (int i = 0; i < 5; ++i) {
    const auto belief = updated_belief(linear.draw(3 * (kBlocks + kEntries), linear.truth), 1, plain());
    ASSERT_TRUE(belief);
    EXPECT_GT(belief->deviation, 0.85 * linear.prior);
    EXPECT_LT(belief->mean.norm(), 0.5 * linear.prior * std::sqrt(double{kBlocks}));
  }
}

TEST(PositionBelief, IsNoneWithoutEnoughOrdersOrNumbers) {
  Linear linear;
  EXPECT_FALSE(updated_belief(linear.draw(kBlocks + kEntries + 1, linear.truth), 1, plain()));
  DrawnOrders drawn = linear.draw(kOrders, linear.truth);
  drawn.differences(3, 4) = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(updated_belief(drawn, 1, plain()));
}

}  // namespace
}  // namespace kintsugi
