#pragma once

#include <span>

#include "core/random.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// "float16"
[[nodiscard]] const char* to_string(WeightPrecision precision);

/// Whether the format has this number. Of float32 all numbers count.
[[nodiscard]] bool holds(WeightPrecision precision, double value);

/// The random numbers that move the weights of a piece (by position) in one draw: the same for `solve` and `verify`.
[[nodiscard]] Random moving_numbers(int draw, int piece);

/// Moves each number by up to half a step of the format, at random, as often as it has factors; zeros stay.
void move_within_step(WeightPrecision precision, std::span<double> values, int factors, Random& random);

}  // namespace kintsugi
