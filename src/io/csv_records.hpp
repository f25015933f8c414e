#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace kintsugi::csv {

/// A separator that is not known yet: , ; tab and | all count where a field may open with a quote.
inline constexpr char kAnySeparator = '\0';

/// Of a text that has any LF, lines end in LF (with CRs before it); else in CR.
[[nodiscard]] inline char line_end_of(std::string_view text) {
  return text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos ? '\r' : '\n';
}

/// Where the field that starts at `at` ends: at a separator or the end of the record. Separators inside double quotes
/// do not count. The separator ' ' stands for blanks and tabs.
[[nodiscard]] inline std::size_t field_end(std::string_view record, std::size_t at, char separator) {
  std::size_t first = at;
  while (first < record.size() && (record[first] == ' ' || (record[first] == '\t' && separator != '\t'))) ++first;
  if (first < record.size() && record[first] == '"') {
    for (at = first + 1; at < record.size() && (record[at] != '"' || record.substr(at + 1).starts_with('"')); ++at) {
      if (record[at] == '"') ++at;
    }
  }
  const std::size_t end = separator == ' ' ? record.find_first_of(" \t", at) : record.find(separator, at);
  return std::min(end, record.size());
}

/// One record (a line, or more where quotes hold line ends) after the other, without its end.
class Records {
 public:
  /// `file` names the text in messages.
  Records(std::string_view text, std::string file)
      : rest_(text),
        file_(std::move(file)),
        end_(line_end_of(text)),
        quotes_(text.find('"') != std::string_view::npos) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  /// Of the line in which the last record began, from 1.
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] std::string place() const { return place_of(line_); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  [[nodiscard]] std::string_view next(char separator) {
    line_ = next_line_++;
    std::size_t end = std::min(rest_.find(end_), rest_.size());
    if (quotes_ && rest_.substr(0, end).find('"') != std::string_view::npos) end = quoted_end(separator);
    std::string_view record = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    while (record.ends_with('\r')) record.remove_suffix(1);
    return record;
  }

 private:
  [[nodiscard]] std::string place_of(std::size_t line) const { return file_ + ", line " + std::to_string(line) + ": "; }
  /// Where a record ends in which quotes may hold line ends; counts the lines.
  [[nodiscard]] std::size_t quoted_end(char separator);

  std::string_view rest_;
  std::string file_;
  char end_;
  bool quotes_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
};

}  // namespace kintsugi::csv
