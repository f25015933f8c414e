#pragma once

#include <cstddef>

namespace kintsugi::kernels {

/// A matrix product that libxsmm generated for one shape.
using Generated = void (*)(const float*, const float*, float*, ...);

/// Whether libxsmm is not built in, or the system lets memory be written and then executed. Where it does not (SELinux,
/// systemd's MemoryDenyWriteExecute), libxsmm would crash.
[[nodiscard]] bool generated_code_may_run();

/// The processors that generate() makes code for: this one, or all with these instructions.
enum class GeneratedFor { this_one, avx2, sse4 };

/// What is generated from now on. Shapes that were generated before keep their code.
void generate_for(GeneratedFor processors);

/// C [m x n] = (or += with `accumulate`) A [m x k] times B [k x n], all column-major and packed. Null where libxsmm is
/// not built in or has no code for this shape.
[[nodiscard]] Generated generate(std::size_t m, std::size_t n, std::size_t k, bool accumulate);

}  // namespace kintsugi::kernels
