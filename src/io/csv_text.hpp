#pragma once

#include <string>
#include <string_view>

#include "io/table.hpp"

namespace kintsugi {

/// The rows of a table that is text (UTF-8, no byte-order mark). What is taken as it comes: separators , ; tab | or
/// blanks (the one that splits the first rows evenly, or that a first line "sep=;" names); line ends LF, CR LF or CR;
/// quotes, in which separators, line ends and doubled quotes may stand; decimal commas; + before a number; D for E;
/// numbers too small for a float64 (zero); comment lines with # or %; a header that is the last comment; rows with a
/// name in front that the header leaves out; a header that is missing, where the pieces say how many columns are
/// inputs. Anything may stand in columns that are not used. Refused by name: blank cells and words for missing values
/// in used columns, nan and inf, thousands separators, numbers that could be both, empty lines between rows, rows that
/// are too short or too long, a quote that is never closed.
[[nodiscard]] Table read_csv_text(std::string_view text, const TableOptions& options, const std::string& file);

}  // namespace kintsugi
