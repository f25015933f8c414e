#include "objective/depth_smoothing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/random.hpp"

namespace kintsugi {
namespace {

using Eigen::Index;

Eigen::MatrixXf random_values(Index size, Index blocks) {
  Random random(static_cast<std::uint64_t>(blocks));
  Eigen::MatrixXf values(size, blocks);
  for (float& value : values.reshaped()) value = static_cast<float>(random.normal());
  return values;
}

Eigen::MatrixXf smoothed(const Eigen::MatrixXf& values, double bandwidth) {
  const DepthSmoothing smoothing(static_cast<std::size_t>(values.cols()), bandwidth);
  const DepthSmoothing::Values view(values.data(), values.rows(), values.cols());
  Eigen::MatrixXf on_grid;
  smoothing.gather(view, on_grid);
  Eigen::MatrixXf result(values.rows(), values.cols());
  for (Index begin = 0; begin < values.cols(); begin += smoothing.batch()) {
    const Index columns = std::min(smoothing.batch(), values.cols() - begin);
    smoothing.smooth(view, on_grid, begin, result.middleCols(begin, columns));
  }
  return result;
}

double density(double distance, double bandwidth) {
  const double z = distance / bandwidth;
  return std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi));
}

// The sum over all other blocks, in float64. Where a grid counts the block itself, too, that is taken off `result`.
void expect_smoothed(Index blocks, double bandwidth, bool with_itself) {
  const Eigen::MatrixXf values = random_values(3, blocks);
  const Eigen::MatrixXf result = smoothed(values, bandwidth);
  for (Index a = 0; a < blocks; ++a) {
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    for (Index b = 0; b < blocks; ++b) {
      if (a != b || with_itself) sum += density(static_cast<double>(a - b), bandwidth) * values.col(b).cast<double>();
    }
    // Values are some units: a hundred times the density at the reach.
    EXPECT_LT((result.col(a).cast<double>() - sum).cwiseAbs().maxCoeff(), 1e-4 / std::sqrt(bandwidth))
        << "block " << a << " of " << blocks << ", bandwidth " << bandwidth;
  }
}

TEST(DepthSmoothing, IsTheSumOverAllOtherBlocks) {
  for (const Index blocks : {1, 2, 40, 127, 128, 191}) {
    for (const double bandwidth : {1.5, 6.0, 50.0}) expect_smoothed(blocks, bandwidth, false);
  }
  expect_smoothed(300, 1.5, false);
}

TEST(DepthSmoothing, OnAGridCountsTheBlockItself) {
  for (const Index blocks : {192, 201, 500}) {
    for (const double bandwidth : {4.0, 5.5, 33.0, 250.0}) expect_smoothed(blocks, bandwidth, true);
  }
}

}  // namespace
}  // namespace kintsugi
