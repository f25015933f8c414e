#pragma once

#include <string_view>

namespace kintsugi::problem_format {

/// Root attributes of a problem.h5 that provenance may not use.
[[nodiscard]] inline bool is_reserved(std::string_view attribute) {
  return attribute == "format" || attribute == "format_version" || attribute == "activation";
}

}  // namespace kintsugi::problem_format
