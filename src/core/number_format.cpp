#include "core/number_format.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

/// The distance of the format's numbers around `value`; 0 around zero, which may be no number of the file's at all.
double step_of(WeightPrecision precision, double value) {
  constexpr int kFloat16Fraction = 10;
  constexpr int kFloat16Lowest = -24;
  constexpr int kBfloat16Fraction = 7;
  if (value == 0) return 0;
  const int exponent = std::ilogb(value);
  if (precision == WeightPrecision::float16) {
    return std::ldexp(1.0, std::max(exponent - kFloat16Fraction, kFloat16Lowest));
  }
  return std::ldexp(1.0, exponent - kBfloat16Fraction);
}

}  // namespace

const char* to_string(WeightPrecision precision) {
  switch (precision) {
    case WeightPrecision::float16: return "float16";
    case WeightPrecision::bfloat16: return "bfloat16";
    case WeightPrecision::float32: break;
  }
  return "float32";
}

bool holds(WeightPrecision precision, double value) {
  constexpr double kFloat16Largest = 65504;
  if (value == 0 || precision == WeightPrecision::float32) return true;
  if (precision == WeightPrecision::float16 && std::fabs(value) > kFloat16Largest) return false;
  const double steps = value / step_of(precision, value);
  return steps == std::nearbyint(steps);
}

Random moving_numbers(int draw, int piece) {
  constexpr std::uint64_t kSeed = 0x7072656369736EULL;
  return Random(kSeed, static_cast<std::uint64_t>(draw), static_cast<std::uint64_t>(piece));
}

void move_within_step(WeightPrecision precision, std::span<double> values, int factors, Random& random) {
  for (double& value : values) {
    const double step = step_of(precision, value);
    for (int factor = 0; factor < factors; ++factor) value += (random.uniform() - 0.5) * step;
  }
}

}  // namespace kintsugi
