#pragma once

#include <string>

namespace kintsugi::cli {

/// Build type, compiler, flags and the widest vector instructions they allow:
/// "Release, GNU 12.2.0, -O3 -march=native, AVX-512".
[[nodiscard]] std::string build_description();

[[nodiscard]] std::string host_name();

}  // namespace kintsugi::cli
