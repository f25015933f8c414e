#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/csv_records.hpp"

namespace kintsugi::csv {

/// How a table is written.
struct Dialect {
  char separator = ',';  ///< ' ': runs of blanks and tabs
  bool decimal_comma = false;
  bool named = false;              ///< has a header
  std::vector<std::string> names;  ///< of the columns; their numbers, from 1, where there is no header
  std::size_t header_line = 1;     ///< of the header or, without one, of the first row
};

/// Finds out how the table is written from its first rows, and leaves `records` before the first of them. Says what
/// is out of the ordinary in `notes`. Throws InputError where there is no table.
[[nodiscard]] Dialect find_dialect(Records& records, const std::string& file, std::vector<std::string>& notes);

/// Whether a record is a comment: # or % first.
[[nodiscard]] bool is_comment(std::string_view record);

[[nodiscard]] std::vector<std::string_view> split(std::string_view record, char separator);

/// "';'", "tab", "blanks"
[[nodiscard]] std::string name_of_separator(char separator);

}  // namespace kintsugi::csv
