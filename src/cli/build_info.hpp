#pragma once

#include <string>

namespace kintsugi::cli {

/// "0.1.0"
[[nodiscard]] std::string version();

/// Build type, compiler, flags and the widest vector instructions they allow:
/// "Release, GNU 12.2.0, -O3 -march=native, AVX-512".
[[nodiscard]] std::string build_description();

[[nodiscard]] std::string host_name();

}  // namespace kintsugi::cli
