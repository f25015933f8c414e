#pragma once

#include <cstddef>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// The error that the true order has because the data are rounded.
///
/// Predictions are float32, so the true order's error is at rounding: about 1e-14 of the predictions' variance, and no
/// wrong order was ever seen below 5e-7. Where every prediction in the data is a number of few decimals or digits, or
/// a half-precision one, they were rounded further, and the true order's error is that rounding's: q^2 / 12 for a step
/// q.
class ErrorFloor {
 public:
  /// Collective over the evaluator's island. A `tolerance` above 0 is taken instead of what the data say.
  ErrorFloor(const Evaluator& evaluator, double tolerance, const ErrorFloorParameters& parameters = {});

  /// MSE on `rows` rows at or below which an error counts as rounding: float32's share, and the rounding's
  /// expectation with some of its standard errors on top. Not collective.
  [[nodiscard]] double target(std::size_t rows) const;
  /// A tolerance was given: it alone says what is solved.
  [[nodiscard]] bool given() const noexcept { return tolerance_ > 0; }

 private:
  /// Expected MSE from rounded predictions; 0 where they are not.
  [[nodiscard]] double find_rounding(const Evaluator& evaluator) const;

  ErrorFloorParameters parameters_;
  double tolerance_;
  double variance_;  // of the predictions
  std::size_t outputs_;
  double rounding_;
};

}  // namespace kintsugi
