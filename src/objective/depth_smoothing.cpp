#include "objective/depth_smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kintsugi {

using Eigen::Index;

namespace {

constexpr Index kBatch = 32;            // blocks that are smoothed together
constexpr Index kFewestBlocks = 128;    // of fewer, all are neighbours
constexpr double kReach = 5;            // bandwidths beyond which the density counts as 0: 4e-6 of the largest
constexpr Index kFewestOnGrid = 192;    // blocks
constexpr double kNarrowestOnGrid = 4;  // positions; below it there are more points than neighbours
constexpr double kSpacing = 0.6;        // bandwidths
constexpr Index kPoints = 6;            // of the grid to each side, within the reach of half the variance

double density(double distance, double bandwidth) {
  const double z = distance / bandwidth;
  return std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi));
}

}  // namespace

DepthSmoothing::DepthSmoothing(std::size_t blocks, double bandwidth) : blocks_(static_cast<Index>(blocks)) {
  if (blocks_ >= kFewestOnGrid && bandwidth >= kNarrowestOnGrid) {
    weigh_points(bandwidth);
    return;
  }
  reach_ = blocks_ < kFewestBlocks ? blocks_ : std::min(blocks_, static_cast<Index>(std::ceil(kReach * bandwidth)));
  batch_ = reach_ < blocks_ ? std::min(kBatch, blocks_) : blocks_;
  weights_ = Eigen::MatrixXf::Zero(blocks_, blocks_);
  for (Index a = 0; a < blocks_; ++a) {
    for (Index b = 0; b < blocks_; ++b) {
      if (a != b) weights_(b, a) = static_cast<float>(density(static_cast<double>(a - b), bandwidth));
    }
  }
}

void DepthSmoothing::weigh_points(double bandwidth) {
  batch_ = kBatch;
  spacing_ = kSpacing * bandwidth;
  const Index points = points_near(0, blocks_).count;
  weights_ = Eigen::MatrixXf::Zero(points, blocks_);
  for (Index block = 0; block < blocks_; ++block) {
    const Span near = points_near(block, 1);
    for (Index i = near.first; i < near.first + near.count; ++i) {
      const double distance = static_cast<double>(i - kPoints) * spacing_ - static_cast<double>(block);
      weights_(i, block) = static_cast<float>(std::sqrt(spacing_) * density(distance, bandwidth / std::numbers::sqrt2));
    }
  }
}

// Point i is at (i - kPoints) spacings.
DepthSmoothing::Span DepthSmoothing::points_near(Index begin, Index blocks) const {
  const auto before = static_cast<Index>(std::floor(static_cast<double>(begin) / spacing_));
  const auto behind = static_cast<Index>(std::ceil(static_cast<double>(begin + blocks - 1) / spacing_));
  return {before, behind - before + 2 * kPoints + 1};
}

void DepthSmoothing::gather(const Values& values, Eigen::MatrixXf& on_grid) const {
  if (spacing_ == 0) return;
  on_grid.setZero(values.rows(), weights_.rows());
  for (Index begin = 0; begin < blocks_; begin += kBatch) {
    const Index count = std::min(kBatch, blocks_ - begin);
    const auto [first, points] = points_near(begin, count);
    on_grid.middleCols(first, points).noalias() +=
        values.middleCols(begin, count) * weights_.block(first, begin, points, count).transpose();
  }
}

void DepthSmoothing::smooth(const Values& values, const Eigen::MatrixXf& on_grid, Index begin,
                            Eigen::Ref<Eigen::MatrixXf> smoothed) const {
  const Index count = smoothed.cols();
  if (spacing_ > 0) {
    const auto [first, points] = points_near(begin, count);
    smoothed.noalias() = on_grid.middleCols(first, points) * weights_.block(first, begin, points, count);
    return;
  }
  const Index first = std::max<Index>(0, begin - reach_);
  const Index near = std::min(blocks_, begin + count + reach_) - first;
  smoothed.noalias() = values.middleCols(first, near) * weights_.block(first, begin, near, count);
}

}  // namespace kintsugi
