#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/value.hpp"

namespace kintsugi::cli {

/// One log that is wanted.
struct LogChoice {
  std::string kind;            ///< table, json or off
  std::filesystem::path file;  ///< empty: standard error
};

/// One or more of table, json, off and json:FILE, by comma; at most one of them goes to standard error.
[[nodiscard]] Value log_choices(std::vector<LogChoice>& target);

}  // namespace kintsugi::cli
