#pragma once

#include <cstddef>
#include <span>

namespace kintsugi::kernels {

/// One step of a scan over the places of a block, under the first-order model.
/// Adds sign * `effect` to `moved`, the effect of all that the block has passed so far, and returns the change of the
/// sum of squared errors, sum (2 e + m) m over the entries. All arrays have `count` entries, a multiple of 32.
[[nodiscard]] double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved);

}  // namespace kintsugi::kernels
