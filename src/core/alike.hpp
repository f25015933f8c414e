#pragma once

#include <cstddef>
#include <span>

namespace kintsugi {

/// Euclidean norm.
[[nodiscard]] double norm_of(std::span<const float> numbers);

/// Weights of one length that differ by at most a tenth of the norm of `a`: what tells such pieces apart is faint
/// beside what they are.
[[nodiscard]] bool are_alike(std::span<const float> a, std::span<const float> b);

}  // namespace kintsugi
