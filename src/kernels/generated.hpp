#pragma once

#include <cstddef>

namespace kintsugi::kernels {

/// A matrix product that libxsmm generated for one shape.
using Generated = void (*)(const float*, const float*, float*, ...);

/// C [m x n] = (or += with `accumulate`) A [m x k] times B [k x n], all column-major and packed. Null where libxsmm is
/// not built in or has no code for this shape.
[[nodiscard]] Generated generate(std::size_t m, std::size_t n, std::size_t k, bool accumulate);

}  // namespace kintsugi::kernels
