#pragma once

#include <cstdint>
#include <string_view>

/// What marks a problem.h5, for those who read and those who write one.
namespace kintsugi::problem_format {

inline constexpr const char* kName = "kintsugi-problem";
inline constexpr std::int64_t kVersion = 1;

/// Root attributes that provenance may not use.
[[nodiscard]] inline bool is_reserved(std::string_view attribute) {
  return attribute == "format" || attribute == "format_version" || attribute == "activation";
}

}  // namespace kintsugi::problem_format
