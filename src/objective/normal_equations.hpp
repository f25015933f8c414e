#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include "kernels/gemm.hpp"
#include "mpi/exact_sums.hpp"

namespace kintsugi {

/// The damped normal equations of slopes [rows x blocks]: sums over the rows of all tiles, exact.
class NormalEquations {
 public:
  /// For so many right-hand sides.
  NormalEquations(std::size_t blocks, std::size_t targets)
      : blocks_(static_cast<Eigen::Index>(blocks)),
        gram_(blocks * (blocks + 1) / 2),
        along_(blocks * targets),
        targets_(targets) {}

  /// `slopes`: [blocks][kTileRows] of one tile.
  void add_slopes(std::span<const float> slopes) {
    const Slopes of_blocks = map(slopes);
    product_.noalias() = of_blocks.transpose() * of_blocks;
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < blocks_; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) gram_.add(at++, product_(i, j));
    }
  }
  /// `errors`: the rows' of one target after the other, `stride` numbers apart.
  void add_errors(std::span<const float> slopes, const float* errors, std::size_t stride) {
    const Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>> targets(
        errors, kRows, static_cast<Eigen::Index>(targets_), Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
    product_.noalias() = map(slopes).transpose() * targets;
    for (Eigen::Index i = 0; i < product_.size(); ++i) along_.add(static_cast<std::size_t>(i), product_.data()[i]);
  }
  void reduce(const mpi::Comm& comm) {
    gram_.reduce(comm);
    along_.reduce(comm);
  }

  /// Both sides, [blocks x targets]: the slopes' products with the errors, and the steps that lower those most.
  struct Solution {
    Eigen::MatrixXd along;
    Eigen::MatrixXd steps;
  };
  [[nodiscard]] Solution solve(double damping) const {
    Eigen::MatrixXd normal(blocks_, blocks_);
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < blocks_; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) normal(i, j) = normal(j, i) = gram_.value(at++);
    }
    // Between Levenberg's damping, under which blocks with small slopes never move, and Marquardt's, under which they
    // follow every chance.
    const Eigen::VectorXd own = normal.diagonal();
    const double mean = std::max(own.mean(), std::numeric_limits<double>::min());
    normal.diagonal().array() += damping * (own.array() * mean).sqrt() + kLeast * mean;
    Solution result{{blocks_, static_cast<Eigen::Index>(targets_)}, {}};
    for (Eigen::Index i = 0; i < result.along.size(); ++i) {
      result.along.data()[i] = along_.value(static_cast<std::size_t>(i));
    }
    result.steps = -normal.ldlt().solve(result.along);
    return result;
  }

 private:
  static constexpr auto kRows = static_cast<Eigen::Index>(kernels::kTileRows);
  // Of the mean diagonal entry: keeps blocks without any slope where they are.
  static constexpr double kLeast = 1e-6;
  using Slopes = Eigen::Map<const Eigen::MatrixXf>;
  [[nodiscard]] Slopes map(std::span<const float> slopes) const { return {slopes.data(), kRows, blocks_}; }

  Eigen::Index blocks_;
  mpi::ExactSums gram_;
  mpi::ExactSums along_;  // [targets][blocks]
  std::size_t targets_;
  Eigen::MatrixXf product_;
};

}  // namespace kintsugi
