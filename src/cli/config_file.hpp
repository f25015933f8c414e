#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi::cli {

/// A line NAME = VALUE of an INI file.
struct ConfigLine {
  std::size_t number = 0;  ///< from 1
  std::string section;     ///< of the last [section] before it
  std::string name;
  std::string value;  ///< without the quotes around it
};

/// The settings in an INI file, in its order. Comments begin with # or, at the beginning of a line or behind a blank,
/// with ; unless they stand in a quoted value. A byte-order mark and line ends of Windows are taken as they come.
/// Throws UsageError that begins with `origin`, names the line and says what it should be.
[[nodiscard]] std::vector<ConfigLine> read_config_lines(const std::filesystem::path& path, const std::string& origin);

/// The same for a text that is already in memory.
[[nodiscard]] std::vector<ConfigLine> parse_config_lines(std::string_view bytes, const std::string& origin);

/// Whether read_config_lines() gives back `value` from a line NAME = value.
[[nodiscard]] bool stands_in_config(const std::string& value);

}  // namespace kintsugi::cli
