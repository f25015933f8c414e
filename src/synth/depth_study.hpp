#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/block_form.hpp"
#include "synth/problem.hpp"

namespace kintsugi {

/// Rank correlation (Spearman, ties by mean rank) of `values` with their place in the list; 0 where all values are
/// equal.
[[nodiscard]] double rank_correlation_with_place(std::span<const double> values);

/// How much the measures that seeds go by tell of the true order: their rank correlations with depth.
struct DepthCorrelations {
  double wout_frobenius = 0;
  double wout_l1 = 0;     ///< mean absolute value
  double delta_norm = 0;  ///< mean over rows of the residual's 2-norm on the raw inputs
};

/// Gathers these measures block by block. Not collective.
class DepthStudy {
 public:
  /// `inputs` [n x d], row-major: the rows for delta-norm.
  DepthStudy(std::span<const float> inputs, std::size_t width, Activation activation, const BlockForm& form = {});
  ~DepthStudy();
  DepthStudy(const DepthStudy&) = delete;
  DepthStudy& operator=(const DepthStudy&) = delete;

  /// The next block in depth order.
  void add(const ResidualBlock& block);
  [[nodiscard]] DepthCorrelations correlations() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kintsugi
