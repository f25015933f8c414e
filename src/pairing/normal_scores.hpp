#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

namespace kintsugi::pairing {

/// Upper quantile of the standard normal distribution: exceeded with probability `p`, 0 < p < 1.
[[nodiscard]] double normal_quantile(double p);

/// Upper quantile of Student's t distribution with `degrees` >= 1 degrees of freedom.
[[nodiscard]] double student_quantile(double p, double degrees);

/// Van der Waerden's scores: `count` values are replaced by the normal quantiles of their ranks, equal values by their
/// mean, centred and scaled to length 1. The inner product of two such vectors is a rank correlation: no outlier can
/// dominate it, and for independent orders its mean is 0 and its variance 1 / (count - 1), whatever the values.
class NormalScores {
 public:
  explicit NormalScores(std::size_t count);
  /// All zero where all values are equal.
  [[nodiscard]] Eigen::VectorXd of(std::span<const double> values) const;

 private:
  std::vector<double> quantiles_;  // ascending
};

}  // namespace kintsugi::pairing
