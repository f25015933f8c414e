#pragma once

#include <cstddef>

namespace kintsugi::kernels {

/// A matrix product that libxsmm generated for one shape.
using Generated = void (*)(const float*, const float*, float*, ...);

/// Whether libxsmm is not built in, or the system lets memory be written and then executed. Where it does not (SELinux,
/// systemd's MemoryDenyWriteExecute), libxsmm would crash.
[[nodiscard]] bool generated_code_may_run();

/// C [m x n] = (or += with `accumulate`) A [m x k] times B [k x n], all column-major and packed. Null where libxsmm is
/// not built in or has no code for this shape.
[[nodiscard]] Generated generate(std::size_t m, std::size_t n, std::size_t k, bool accumulate);

}  // namespace kintsugi::kernels
