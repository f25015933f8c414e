#include "io/csv_records.hpp"

#include "kintsugi/core/error.hpp"

namespace kintsugi::csv {

namespace {

bool separates(char c, char separator) {
  constexpr std::string_view kAny = ",;\t|";
  if (separator == kAnySeparator) return kAny.find(c) != std::string_view::npos;
  return c == separator || (separator == ' ' && c == '\t');
}

}  // namespace

std::size_t Records::quoted_end(char separator) {
  bool in_quotes = false;
  bool field_starts = true;
  for (std::size_t at = 0; at < rest_.size(); ++at) {
    const char c = rest_[at];
    if (in_quotes) {
      if (c == '"') in_quotes = false;  // a doubled quote opens the field again
      if (c == end_) ++next_line_;
      continue;
    }
    if (c == end_) return at;
    const bool reopened = c == '"' && at > 0 && rest_[at - 1] == '"';
    if (c == '"' && (field_starts || reopened)) {
      in_quotes = true;
      field_starts = false;
    } else if (separates(c, separator)) {
      field_starts = true;
    } else if (c != ' ' && c != '\t') {
      field_starts = false;
    }
  }
  if (in_quotes) throw InputError(place_of(line_) + "a double quote that opens a field in this row is never closed");
  return rest_.size();
}

}  // namespace kintsugi::csv
