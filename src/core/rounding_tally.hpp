#pragma once

#include <array>
#include <cstddef>

#include "core/rounding.hpp"

namespace kintsugi {

/// One prediction, and what a network makes of its row.
struct CheckedPrediction {
  double data = 0;       ///< what the problem says
  double exact = 0;      ///< the network in float64
  double single = 0;     ///< the network in float32
  double magnitude = 0;  ///< sum of the squares of what the head adds up, its bias included
  double scale = 1;      ///< what the search multiplies its error by
};

/// What rounding explains of a network's errors.
struct RoundingVerdict {
  /// The errors in units of what rounding explains at most: up to 1 the network reproduces the predictions. Infinite
  /// where anything is not finite.
  double excess = 0;
  double explained = 0;  ///< the MSE that rounding explains
  double scaled = 0;     ///< the same of scaled predictions
  /// The error is so large for rounding that there may be a better order yet.
  bool doubtful = false;
};

/// Whether a network reproduces predictions up to rounding: the one rule for it. Each prediction has a bound of its
/// own:
///
/// 1. Half a step of the rounding that was found in the data, and half a unit in the last place of a float32.
/// 2. Beyond that, in units of 2^-24 of the size of the terms that the head adds up, the errors may not be larger
///    than those that an evaluation of the network in float32 has against one in float64, up to a factor: their mean
///    square, and the largest of them.
///
/// So neither an outlying row nor an output of another scale, nor an offset, makes room for errors elsewhere.
class RoundingTally {
 public:
  explicit RoundingTally(const Rounding& way) : way_(way) {}

  void add(const CheckedPrediction& prediction);

  static constexpr std::size_t kSums = 5;
  /// Sums over the predictions added; those of several ranks are to be added up. Not finite sums are infinite.
  [[nodiscard]] std::array<double, kSums>& sums() noexcept { return sums_; }
  /// Largest values over the predictions added; of several ranks the largest count.
  [[nodiscard]] std::array<double, 2>& largest() noexcept { return largest_; }

  /// Brings sums of squares of errors near 1: `unit` is what predictions are multiplied by for it.
  void to_unit(double unit);
  void from_unit(double unit) { to_unit(1 / unit); }

  /// The verdict on `predictions` predictions, whose rounding is `rounding`.
  [[nodiscard]] RoundingVerdict verdict(const FoundRounding& rounding, std::size_t predictions,
                                        const ErrorFloorParameters& parameters) const;

 private:
  enum Sum : std::size_t { of_squares, of_units, of_beyond, of_own, of_scaled_units };

  Rounding way_;
  std::array<double, kSums> sums_{};  // by Sum: of squared errors, of units, and of squares in units:
  std::array<double, 2> largest_{};   // beyond the step, and of float32
};

}  // namespace kintsugi
