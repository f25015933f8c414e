#include "core/rounding_tally.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kintsugi {

namespace {

constexpr double kUnit = 0x1.0p-24;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// value / unit, 0 of 0; infinite where it is no number.
double in_units(double value, double unit) {
  if (value == 0 && unit < kInfinity) return 0;
  const double ratio = value / unit;
  return std::isnan(ratio) ? kInfinity : ratio;
}

double square(double value) { return value * value; }

}  // namespace

void RoundingTally::add(const CheckedPrediction& prediction) {
  const double unit = square(kUnit) * (prediction.magnitude + square(prediction.data));
  const double error = std::fabs(prediction.data - prediction.exact);
  const double room = way_.step(prediction.data) / 2 + std::fabs(prediction.data) * kUnit;
  const double beyond = in_units(error <= room ? 0 : square(error - room), unit);
  const double own = in_units(square(prediction.single - prediction.exact), unit);
  sums_[of_squares] += std::isnan(error) ? kInfinity : square(error);
  sums_[of_units] += unit;
  sums_[of_beyond] += beyond;
  sums_[of_own] += own;
  sums_[of_scaled_units] += unit * square(prediction.scale);
  largest_[0] = std::max(largest_[0], beyond);
  largest_[1] = std::max(largest_[1], own);
}

void RoundingTally::to_unit(double unit) {
  sums_[of_squares] *= square(unit);
  sums_[of_units] *= square(unit);
}

RoundingVerdict RoundingTally::verdict(const FoundRounding& rounding, std::size_t predictions,
                                       const ErrorFloorParameters& parameters) const {
  const auto count = static_cast<double>(predictions);
  // A few rows may be right to the last bit by chance.
  const double own = std::max(1.0, sums_[of_own] / count);
  RoundingVerdict verdict;
  const double spread = 1 + rounding_spread(predictions, parameters);
  const double each = parameters.float32_ratio * own / count;
  verdict.explained = each * sums_[of_units] + rounding.mean_square * spread;
  verdict.scaled = each * sums_[of_scaled_units] + rounding.scaled * spread;
  const double most = std::max(largest_[1], square(parameters.largest_deviations) * own);
  verdict.excess = std::max(in_units(sums_[of_beyond] / count, parameters.float32_ratio * own),
                            in_units(largest_[0], parameters.largest_ratio * most));
  verdict.doubtful = rounding.mean_square == 0 && verdict.excess > parameters.sure_share;
  // Errors within half a step may still be more than chance makes them.
  if (rounding.mean_square > 0)
    verdict.excess = std::max(verdict.excess, in_units(sums_[of_squares] / count, verdict.explained));
  if (!std::isfinite(own)) verdict.excess = kInfinity;
  return verdict;
}

}  // namespace kintsugi
