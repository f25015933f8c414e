#include "objective/error_floor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "mpi/exact_sums.hpp"

namespace kintsugi {

namespace {

// Of the predictions' variance.
constexpr double kFloat32Share = 1e-11;
// Standard errors of a rounding's mean square that the target leaves room for.
constexpr double kSpread = 6;
// Of the variance: rounding that is taken for such.
constexpr double kFinest = 1e-14;
constexpr double kCoarsest = 1e-2;
// Fewer values than this may look rounded by chance.
constexpr std::int64_t kLeastValues = 64;

constexpr int kMostDecimals = 6;
constexpr int kLeastDigits = 2;
constexpr int kMostDigits = 6;

// Ways in which predictions may have been rounded: 0 to 6 decimals, 2 to 6 significant digits, 11 or 8 significant
// bits (float16, bfloat16).
constexpr std::size_t kDigits = kMostDecimals + 1;
constexpr std::size_t kBits = kDigits + kMostDigits - kLeastDigits + 1;
constexpr std::size_t kWays = kBits + 2;

/// The step of the numbers that a way of rounding leaves, around `value`.
double step_of(std::size_t way, double value) {
  if (way < kDigits) return std::pow(10.0, -static_cast<double>(way));
  if (value == 0) return 0;
  if (way < kBits) {
    const int digits = kLeastDigits + static_cast<int>(way - kDigits);
    return std::pow(10.0, std::floor(std::log10(std::fabs(value))) + 1 - digits);
  }
  return std::ldexp(1.0, std::ilogb(value) + 1 - (way == kBits ? 11 : 8));
}

bool is_multiple(double value, double step) {
  if (value == 0 || step == 0) return true;
  // The file's number was rounded to float32 once more.
  return std::fabs(value - std::nearbyint(value / step) * step) <=
         std::fabs(value) * std::numeric_limits<float>::epsilon();
}

}  // namespace

ErrorFloor::ErrorFloor(const Evaluator& evaluator, double tolerance)
    : tolerance_(tolerance),
      variance_(evaluator.rows().prediction_variance()),
      outputs_(evaluator.rows().shape().outputs) {
  std::array<std::int64_t, kWays> misfits{};
  mpi::ExactSums squares(kWays);
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    std::array<double, kWays> sums{};
    for (std::size_t q = 0; q < outputs_; ++q) {
      for (std::size_t row = 0; row < tile->rows; ++row) {
        const double value = tile->predictions[q * kernels::kTileRows + row];
        for (std::size_t way = 0; way < kWays; ++way) {
          if (misfits[way] > 0) continue;
          const double step = step_of(way, value);
          if (!is_multiple(value, step)) misfits[way] = 1;
          sums[way] += step * step / 12;
        }
      }
    }
    for (std::size_t way = 0; way < kWays; ++way) squares.add(way, misfits[way] > 0 ? 0 : sums[way]);
  }
  evaluator.island().max(misfits);
  squares.reduce(evaluator.island());
  const auto values = static_cast<std::int64_t>(evaluator.rows().shape().rows * outputs_);
  if (values < kLeastValues) return;
  for (std::size_t way = 0; way < kWays; ++way) {
    // The coarsest that fits: finer ones fit then, too.
    if (misfits[way] == 0) rounding_ = std::max(rounding_, squares.value(way) / static_cast<double>(values));
  }
  // Steps as fine as float32's own are no rounding, and ones as coarse as the predictions' spread leave nothing to tell
  // orders by.
  if (rounding_ < kFinest * variance_ || rounding_ > kCoarsest * variance_) rounding_ = 0;
}

double ErrorFloor::target(std::size_t rows) const {
  if (tolerance_ > 0) return tolerance_;
  // The square of a number that is uniform in a step has a standard deviation of 0.894 of its mean.
  const double spread = kSpread * std::sqrt(0.8 / static_cast<double>(std::max<std::size_t>(1, rows * outputs_)));
  return kFloat32Share * variance_ + rounding_ * (1 + spread);
}

}  // namespace kintsugi
