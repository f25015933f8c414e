#include "objective/error_floor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "mpi/exact_sums.hpp"

namespace kintsugi {

namespace {

// Significant bits of the half-precision formats.
constexpr int kFloat16Bits = 11;
constexpr int kBfloat16Bits = 8;

/// A way in which predictions may have been rounded: to a number of decimals, significant digits, or significant bits.
struct Rounding {
  enum class Unit { decimals, digits, bits };
  Unit unit = Unit::decimals;
  int count = 0;

  /// The step of the numbers that it leaves, around `value`.
  [[nodiscard]] double step(double value) const {
    if (unit == Unit::decimals) return std::pow(10.0, -static_cast<double>(count));
    if (value == 0) return 0;
    if (unit == Unit::digits) return std::pow(10.0, std::floor(std::log10(std::fabs(value))) + 1 - count);
    return std::ldexp(1.0, std::ilogb(value) + 1 - count);
  }
};

std::vector<Rounding> all_roundings(const ErrorFloorParameters& parameters) {
  std::vector<Rounding> all;
  for (int n = 0; n <= static_cast<int>(parameters.most_decimals); ++n) all.push_back({Rounding::Unit::decimals, n});
  for (int n = static_cast<int>(parameters.least_digits); n <= static_cast<int>(parameters.most_digits); ++n) {
    all.push_back({Rounding::Unit::digits, n});
  }
  all.push_back({Rounding::Unit::bits, kFloat16Bits});
  all.push_back({Rounding::Unit::bits, kBfloat16Bits});
  return all;
}

bool is_multiple(double value, double step) {
  if (value == 0 || step == 0) return true;
  // The file's number was rounded to float32 once more.
  return std::fabs(value - std::nearbyint(value / step) * step) <=
         std::fabs(value) * std::numeric_limits<float>::epsilon();
}

}  // namespace

ErrorFloor::ErrorFloor(const Evaluator& evaluator, double tolerance, const ErrorFloorParameters& parameters)
    : parameters_(parameters),
      tolerance_(tolerance),
      variance_(evaluator.rows().prediction_variance()),
      outputs_(evaluator.rows().shape().outputs),
      rounding_(find_rounding(evaluator)) {}

double ErrorFloor::find_rounding(const Evaluator& evaluator) const {
  const std::vector<Rounding> ways = all_roundings(parameters_);
  std::vector<std::int64_t> misfits(ways.size(), 0);
  mpi::ExactSums squares(ways.size());
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      double sum = 0;
      for (std::size_t q = 0; q < outputs_ && misfits[way] == 0; ++q) {
        for (std::size_t row = 0; row < tile->rows; ++row) {
          const double value = tile->predictions[q * kernels::kTileRows + row];
          const double step = ways[way].step(value);
          if (!is_multiple(value, step)) misfits[way] = 1;
          sum += step * step / 12;
        }
      }
      squares.add(way, misfits[way] > 0 ? 0 : sum);
    }
  }
  evaluator.island().max(misfits);
  squares.reduce(evaluator.island());
  const auto values = static_cast<std::int64_t>(evaluator.rows().shape().rows * outputs_);
  if (values < parameters_.least_values) return 0;
  double rounding = 0;
  for (std::size_t way = 0; way < ways.size(); ++way) {
    // The coarsest that fits: finer ones fit then, too.
    if (misfits[way] == 0) rounding = std::max(rounding, squares.value(way) / static_cast<double>(values));
  }
  // Steps as fine as float32's own are no rounding, and ones as coarse as the predictions' spread leave nothing to tell
  // orders by.
  const bool usable = rounding >= parameters_.finest * variance_ && rounding <= parameters_.coarsest * variance_;
  return usable ? rounding : 0;
}

double ErrorFloor::target(std::size_t rows) const {
  if (tolerance_ > 0) return tolerance_;
  // Variance of the square of a number that is uniform in a step, in squares of its mean: (1/80) / (1/12)^2 - 1.
  constexpr double kVariance = 0.8;
  const auto entries = static_cast<double>(std::max<std::size_t>(1, rows * outputs_));
  const double spread = parameters_.deviations * std::sqrt(kVariance / entries);
  return parameters_.float32_share * variance_ + rounding_ * (1 + spread);
}

}  // namespace kintsugi
