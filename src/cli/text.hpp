#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi::cli {

/// printf into a string.
[[nodiscard]] [[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

/// A text that a file or the name of one may hold, fit for a terminal and for one line: control characters, line ends
/// among them, as \\n, \\t or \\x1b, and so are bytes that are no UTF-8.
[[nodiscard]] std::string printable(std::string_view text);
/// The same, but line ends stay and each further line begins with `indent`.
[[nodiscard]] std::string printable_lines(std::string_view text, std::string_view indent);

[[nodiscard]] std::string join(std::span<const std::string> words, std::string_view separator);

/// "3, 5, 8" or, of more than `most`, the first of them "and 20 more".
[[nodiscard]] std::string some_of(std::span<const std::string> words, std::size_t most = 8);

/// What stands between separators, at least one part: the other way round than join().
[[nodiscard]] std::vector<std::string> parts_of(std::string_view text, char separator);
/// Lines of at most `columns` columns, broken between words; a word that is longer has a line of its own.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

/// "1 block", "2 blocks".
[[nodiscard]] std::string count_of(std::size_t count, std::string_view noun);

/// "48", or "32 to 96".
[[nodiscard]] std::string range_of(std::size_t lowest, std::size_t highest);

/// Of `known`, the word that `word` is most likely a typing error of (a letter missing, added or wrong, or two
/// exchanged, at most one in three letters; ties to the first); empty where none is near.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> known);

/// Lines of cells in columns that line up: the first column to the left, the others to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : lines_{std::move(header)} {}
  /// `cells` has as many entries as the header; they are made printable.
  void add(std::vector<std::string> cells);
  /// Every line starts with `indent` and ends without trailing space.
  void print(std::ostream& out, std::string_view indent = "  ") const;
  /// The same in lines of at most `columns`: the columns that do not fit follow below, again behind the first `names`
  /// ones, which tell the lines apart.
  void print_within(std::ostream& out, std::size_t columns, std::size_t names = 1) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;
  void print_columns(std::ostream& out, std::string_view indent, std::span<const std::size_t> chosen) const;

  std::vector<std::vector<std::string>> lines_;
};

}  // namespace kintsugi::cli
