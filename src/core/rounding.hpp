#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// A way in which predictions may have been rounded: to a number of decimals, significant digits, or significant bits.
struct Rounding {
  enum class Unit { none, decimals, digits, bits };
  Unit unit = Unit::none;
  int count = 0;

  /// The step of the numbers that it leaves, around `value`; 0 for none.
  [[nodiscard]] double step(double value) const;
};

/// How predictions were rounded, as far as their numbers tell.
struct FoundRounding {
  Rounding way;            ///< the coarsest that all of them fit, be it as fine as float32
  double mean_square = 0;  ///< of the error that it makes, expected; 0 where it is no coarser than float32
  double scaled = 0;       ///< the same of predictions as the search scales them
};

/// By how much the mean square of a rounding's error may lie above the expected one, as a share of it: what
/// `deviations` standard errors are for so many predictions.
[[nodiscard]] double rounding_spread(std::size_t predictions, const ErrorFloorParameters& parameters);

/// Looks for the way in which predictions were rounded. Predictions may be added on several ranks and in any parts.
class RoundingFinder {
 public:
  explicit RoundingFinder(const ErrorFloorParameters& parameters);

  [[nodiscard]] std::size_t ways() const noexcept { return ways_.size(); }
  [[nodiscard]] const Rounding& way(std::size_t i) const { return ways_[i]; }
  void add(double prediction);
  /// For each way, 1 where a prediction does not fit it.
  [[nodiscard]] std::span<std::int64_t> misfits() noexcept { return misfits_; }
  /// Sum of way's expected squared errors over the predictions since the last call; 0 where one of them did not fit.
  [[nodiscard]] double take_squares(std::size_t way);
  /// What was found. `squares`: of each way, over all of `predictions` predictions, of this variance.
  [[nodiscard]] FoundRounding found(std::span<const double> squares, std::size_t predictions, double variance) const;

 private:
  [[nodiscard]] bool is_coarse(const Rounding& way) const;

  ErrorFloorParameters parameters_;
  std::vector<Rounding> ways_;
  std::vector<std::int64_t> misfits_;
  std::vector<double> squares_;
};

}  // namespace kintsugi
