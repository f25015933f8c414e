#include "cli/text.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <numeric>

namespace kintsugi::cli {

std::string format(const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(static_cast<std::size_t>(std::max(length, 0)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

namespace {

/// Bytes of the UTF-8 character that `text` begins with; 0 where it begins with none, or with a control character.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // Controls of a second kind, surrogates and forms that are too long.
  if ((first == 0xC2 && byte(1) < 0xA0) || (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    if (length > 0) {
      result += text.substr(0, length);
    } else if (text.front() == '\n') {
      result += "\\n";
    } else if (text.front() == '\t') {
      result += "\\t";
    } else {
      result += format("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text.front())));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string printable_lines(std::string_view text, std::string_view indent) {
  std::string result;
  while (true) {
    const std::size_t end = text.find('\n');
    result += printable(text.substr(0, end));
    if (end == std::string_view::npos || end + 1 == text.size()) return result;
    result.append("\n").append(indent);
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += separator;
    text += words[i];
  }
  return text;
}

std::string some_of(std::span<const std::string> words, std::size_t most) {
  const std::size_t shown = std::min(words.size(), most);
  std::string text = join(words.first(shown), ", ");
  if (shown < words.size()) text += format(" and %zu more", words.size() - shown);
  return text;
}

std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    parts.emplace_back(text.substr(0, text.find(separator)));
    if (parts.back().size() == text.size()) return parts;
    text.remove_prefix(parts.back().size() + 1);
  }
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string range_of(std::size_t lowest, std::size_t highest) {
  return lowest == highest ? std::to_string(lowest) : std::to_string(lowest) + " to " + std::to_string(highest);
}

namespace {

/// Fewest insertions, deletions, replacements and exchanges of neighbours that turn `a` into `b` (optimal string
/// alignment: no letter is changed twice).
std::size_t typing_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        best[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = best[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      best[i][j] = std::min({replaced, best[i - 1][j] + 1, best[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best[i][j] = std::min(best[i][j], best[i - 2][j - 2] + 1);
      }
    }
  }
  return best[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  std::string best;
  std::size_t lowest = word.size() / 3 + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = typing_distance(word, candidate);
    if (distance < lowest) {
      lowest = distance;
      best = candidate;
    }
  }
  return best;
}

void TextTable::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  lines_.push_back(std::move(cells));
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths(lines_.front().size(), 0);
  for (const auto& line : lines_) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  return widths;
}

void TextTable::print_columns(std::ostream& out, std::string_view indent, std::span<const std::size_t> chosen) const {
  const std::vector<std::size_t> widths = this->widths();
  for (const auto& line : lines_) {
    std::string text(indent);
    for (const std::size_t c : chosen) {
      const std::string padding(widths[c] - line[c].size(), ' ');
      if (c != 0) text += "  ";
      text += c == 0 ? line[c] + padding : padding + line[c];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
}

void TextTable::print(std::ostream& out, std::string_view indent) const {
  std::vector<std::size_t> all(lines_.front().size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  print_columns(out, indent, all);
}

void TextTable::print_within(std::ostream& out, std::size_t columns, std::size_t names) const {
  constexpr std::string_view kIndent = "  ";
  const std::vector<std::size_t> widths = this->widths();
  std::vector<std::size_t> chosen(names);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  const std::size_t named = std::accumulate(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(names),
                                            kIndent.size() + 2 * (names - 1));
  std::size_t length = named;
  for (std::size_t c = names; c < widths.size(); ++c) {
    if (chosen.size() > names && length + 2 + widths[c] > columns) {
      print_columns(out, kIndent, chosen);
      out << '\n';
      chosen.resize(names);
      length = named;
    }
    chosen.push_back(c);
    length += 2 + widths[c];
  }
  print_columns(out, kIndent, chosen);
}

}  // namespace kintsugi::cli
