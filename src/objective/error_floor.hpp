#pragma once

#include <cstddef>
#include <span>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/rounding_check.hpp"
#include "objective/weight_precision.hpp"

namespace kintsugi {

/// The error that the true order has because the data are rounded.
///
/// Predictions are float32, so the true order's error is at rounding: about 1e-14 of the predictions' variance, and no
/// wrong order was ever seen below 5e-7. Where every prediction in the data is a number of few decimals or digits, or
/// a half-precision one, they were rounded further, and the true order's error is that rounding's: q^2 / 12 for a step
/// q.
///
/// target() tells the search when an order is worth a closer look; judge() and is_solved() give the verdict.
class ErrorFloor {
 public:
  /// Collective over the evaluator's island. A `tolerance` above 0 is taken instead of what the data say.
  ErrorFloor(const Evaluator& evaluator, double tolerance, const ErrorFloorParameters& parameters = {});

  /// MSE on `rows` rows at or below which an error may be rounding: float32's share, and the rounding's expectation
  /// with some of its standard errors on top. Not collective.
  [[nodiscard]] double target(std::size_t rows) const { return target_of(plain_, rows); }
  /// The same of errors as the evaluator scales them. Not collective.
  [[nodiscard]] double scaled_target(std::size_t rows) const { return target_of(scaled_, rows); }
  /// What rounding explains of the order's errors, on all rows: see check_rounding(), also for `outputs`; all zero
  /// where a tolerance was given. Collective over the island.
  [[nodiscard]] RoundingVerdict judge(const Evaluator& evaluator, const Blocks& blocks,
                                      std::span<const float> outputs) const;
  /// An order with this MSE on all rows and this verdict solves the problem: its error is at most the tolerance, or
  /// rounding explains it. Never where the error is not finite. Not collective.
  [[nodiscard]] bool is_solved(double mse, const RoundingVerdict& verdict) const;
  /// MSE, scaled or as it is, that the rounding of the pieces to half precision explains at this order; 0 where they
  /// are not rounded, or a tolerance was given. Collective over the island.
  [[nodiscard]] double precision_target(const Evaluator& evaluator, const Blocks& blocks, bool scaled = true) const;
  /// Expected mean square of the predictions' rounding, scaled; 0 where they are not rounded. Not collective.
  [[nodiscard]] double rounding() const noexcept { return rounding_.scaled; }
  /// The rows have not all the same inputs. Not collective.
  [[nodiscard]] bool rows_differ() const noexcept { return rows_differ_; }
  /// A tolerance was given: it alone says what is solved.
  [[nodiscard]] bool given() const noexcept { return tolerance_ > 0; }

 private:
  /// What targets are made of.
  struct Sizes {
    double variance = 0;     // of the predictions
    double mean_square = 0;  // likewise
    double rounding = 0;     // mean square of its error
  };

  [[nodiscard]] double target_of(const Sizes& sizes, std::size_t rows) const;
  void look_at_predictions(const Evaluator& evaluator);
  void look_at_scaled_predictions(const Evaluator& evaluator);
  void look_at_inputs(const Evaluator& evaluator);

  ErrorFloorParameters parameters_;
  double tolerance_;
  Sizes plain_;
  Sizes scaled_;  // of predictions as the evaluator scales their errors
  std::size_t outputs_;
  FoundRounding rounding_;
  bool rows_differ_ = false;
  WeightPrecision precision_;
};

}  // namespace kintsugi
