#include "core/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace kintsugi {

namespace {

// Significant bits of the half-precision formats.
constexpr int kFloat16Bits = 11;
constexpr int kBfloat16Bits = 8;
// Further decimals and digits are finer than float32 itself.
constexpr int kMostDecimals = 10;
constexpr int kMostDigits = 9;

bool is_multiple(double value, double step) {
  if (value == 0 || step == 0) return true;
  // The file's number was rounded to float32 once more.
  return std::fabs(value - std::nearbyint(value / step) * step) <=
         std::fabs(value) * std::numeric_limits<float>::epsilon();
}

}  // namespace

double Rounding::step(double value) const {
  if (unit == Unit::none) return 0;
  if (unit == Unit::decimals) return std::pow(10.0, -static_cast<double>(count));
  if (value == 0) return 0;
  if (unit == Unit::digits) return std::pow(10.0, std::floor(std::log10(std::fabs(value))) + 1 - count);
  return std::ldexp(1.0, std::ilogb(value) + 1 - count);
}

double rounding_spread(std::size_t predictions, const ErrorFloorParameters& parameters) {
  // Variance of the square of a number that is uniform in a step, in squares of its mean: (1/80) / (1/12)^2 - 1.
  constexpr double kVariance = 0.8;
  const auto entries = static_cast<double>(std::max<std::size_t>(1, predictions));
  return parameters.deviations * std::sqrt(kVariance / entries);
}

RoundingFinder::RoundingFinder(const ErrorFloorParameters& parameters) : parameters_(parameters) {
  for (int n = 0; n <= kMostDecimals; ++n) ways_.push_back({Rounding::Unit::decimals, n});
  for (int n = static_cast<int>(parameters.least_digits); n <= kMostDigits; ++n) {
    ways_.push_back({Rounding::Unit::digits, n});
  }
  ways_.push_back({Rounding::Unit::bits, kFloat16Bits});
  ways_.push_back({Rounding::Unit::bits, kBfloat16Bits});
  misfits_.assign(ways_.size(), 0);
  squares_.assign(ways_.size(), 0);
}

void RoundingFinder::add(double prediction) {
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    if (misfits_[way] != 0) continue;
    const double step = ways_[way].step(prediction);
    if (!is_multiple(prediction, step)) misfits_[way] = 1;
    squares_[way] += step * step / 12;
  }
}

double RoundingFinder::take_squares(std::size_t way) {
  const double squares = std::exchange(squares_[way], 0.0);
  return misfits_[way] != 0 ? 0 : squares;
}

bool RoundingFinder::is_coarse(const Rounding& way) const {
  if (way.unit == Rounding::Unit::decimals) return way.count <= parameters_.most_decimals;
  return way.unit == Rounding::Unit::bits || way.count <= parameters_.most_digits;
}

FoundRounding RoundingFinder::found(std::span<const double> squares, std::size_t predictions, double variance) const {
  const bool enough = static_cast<std::int64_t>(predictions) >= parameters_.least_values;
  FoundRounding found;
  double coarsest = 0;  // the coarsest that fits: finer ones fit then, too
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    const bool coarse = is_coarse(ways_[way]);
    if (misfits_[way] != 0 || (coarse && !enough)) continue;
    const double mean_square = squares[way] / static_cast<double>(predictions);
    if (coarse) found.mean_square = std::max(found.mean_square, mean_square);
    if (mean_square <= coarsest) continue;
    coarsest = mean_square;
    found.way = ways_[way];
  }
  // Steps as fine as float32's own are no rounding, and ones as coarse as the predictions' spread leave nothing to tell
  // orders by.
  const auto is_usable = [&](double finest, double mean_square) {
    return mean_square >= finest * variance && mean_square <= parameters_.coarsest * variance;
  };
  if (!is_usable(parameters_.finest, found.mean_square)) found.mean_square = 0;
  if (!is_usable(0, coarsest)) found.way = {};
  found.scaled = found.mean_square;
  return found;
}

}  // namespace kintsugi
