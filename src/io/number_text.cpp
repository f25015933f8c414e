#include "io/number_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <clocale>
#include <cmath>
#include <cstdlib>

#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kMinus = "\xE2\x88\x92";  // U+2212
constexpr std::size_t kGroup = 3;                    // digits between two thousands separators

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// As std::from_chars reads it: decimal point, no plus sign, E for D, an ASCII minus.
std::string plain_spelling(std::string_view field, bool decimal_comma) {
  std::string text;
  if (field.starts_with('+') && field.size() > 1 && field[1] != '-' && field[1] != '+') field.remove_prefix(1);
  if (field.starts_with(kMinus)) {
    text += '-';
    field.remove_prefix(kMinus.size());
  }
  text += field;
  if (decimal_comma) std::ranges::replace(text, ',', '.');
  const std::size_t exponent = text.find_first_of("dD");
  if (exponent != std::string::npos && exponent > 0 && (is_digit(text[exponent - 1]) || text[exponent - 1] == '.')) {
    text[exponent] = 'e';
  }
  return text;
}

/// Of a number that does not fit: whether it is too small, and not too large.
bool is_underflow(const std::string& text) {
  static const locale_t kPlain = newlocale(LC_ALL_MASK, "C", nullptr);
  return std::abs(strtod_l(text.c_str(), nullptr, kPlain)) < 1;
}

/// Reads `text` whole; false where it is no number.
bool read_whole(const std::string& text, Decimal& read) {
  const char* const end = text.data() + text.size();
  read = read_decimal(text.data(), end);
  if (read.error == std::errc::result_out_of_range && read.next == end && is_underflow(text)) {
    read.value = text.starts_with('-') ? -0.0 : 0.0;
    read.error = {};
  }
  return read.error != std::errc::invalid_argument && read.next == end;
}

/// Digits in groups of three behind the first of up to three, by one of `marks`, then maybe a fraction.
bool is_grouped(std::string_view field, std::string_view mark) {
  if (field.starts_with('-') || field.starts_with('+')) field.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < field.size() && is_digit(field[digits])) ++digits;
  if (digits == 0 || digits > kGroup) return false;
  field.remove_prefix(digits);
  std::size_t groups = 0;
  for (; field.starts_with(mark); ++groups) {
    const std::string_view group = field.substr(mark.size(), kGroup);
    if (group.size() < kGroup || !std::ranges::all_of(group, is_digit)) return false;
    field.remove_prefix(mark.size() + kGroup);
  }
  return groups > 0 && (field.empty() || !is_digit(field.front()));
}

bool groups_thousands(std::string_view field, bool decimal_comma) {
  constexpr std::array<std::string_view, 6> kMarks{" ", "'", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x99", "_"};
  const std::string_view other = decimal_comma ? "." : ",";
  return is_grouped(field, other) || std::ranges::any_of(kMarks, [&](auto mark) { return is_grouped(field, mark); });
}

std::string_view reason(std::string_view field, bool decimal_comma) {
  constexpr std::array<std::string_view, 12> kMissing{"na",  "n/a",     "#n/a",   "<na>", "null", "none",
                                                      "nil", "missing", "#null!", "?",    "-",    "--"};
  constexpr std::array<std::string_view, 7> kNotFinite{"1.#qnan", "-1.#ind", "1.#inf", "-1.#inf",
                                                       "#div/0!", "#num!",   "nat"};
  const std::string word = lower(field);
  const auto is_one_of = [&](const auto& words) { return std::ranges::find(words, word) != words.end(); };
  const std::size_t letters = word.find_first_not_of("+-");
  const std::string_view unsigned_word = std::string_view(word).substr(std::min(letters, word.size()));
  if (field.empty()) return "is not a number: the cell is blank; fill it in or leave the row out";
  if (is_one_of(kNotFinite) || unsigned_word.starts_with("nan") || unsigned_word.starts_with("inf") ||
      field == "\xE2\x88\x9E") {
    return "is not finite; leave the row out";
  }
  if (is_one_of(kMissing) && word != "-" && word != "--") {
    return "is not a number but a word for a missing value; leave the row out";
  }
  if (groups_thousands(field, decimal_comma))
    return "is not a number here: it has thousands separators; write it without";
  if (is_number(field, !decimal_comma)) {
    return decimal_comma ? "is not a number here: it has a decimal point, and others have decimal commas"
                         : "is not a number here: it has a decimal comma, and others have decimal points";
  }
  if (field.ends_with('%')) return "is not a number: it is a percentage; write the number itself";
  return "is not a number";
}

}  // namespace

std::string_view bare_field(std::string_view field) {
  const std::size_t first = field.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  field = field.substr(first, field.find_last_not_of(" \t") - first + 1);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = field.substr(1, field.size() - 2);
    const std::size_t inner = field.find_first_not_of(" \t");
    if (inner == std::string_view::npos) return {};
    field = field.substr(inner, field.find_last_not_of(" \t") - inner + 1);
  }
  return field;
}

bool is_number(std::string_view field, bool decimal_comma) {
  if (decimal_comma && field.find('.') != std::string_view::npos) return false;
  Decimal read;
  return read_whole(plain_spelling(field, decimal_comma), read) && std::isfinite(read.value);
}

bool could_group_thousands(std::string_view field) {
  if (field.starts_with('-') || field.starts_with('+')) field.remove_prefix(1);
  if (field.starts_with(kMinus)) field.remove_prefix(kMinus.size());
  const std::size_t comma = field.find(',');
  if (comma == std::string_view::npos) return true;
  return comma >= 1 && comma <= kGroup && field.front() != '0' && field.size() == comma + 1 + kGroup &&
         std::ranges::all_of(field.substr(comma + 1), is_digit);
}

Decimal parse_number(std::string_view field, bool decimal_comma, const std::string& place) {
  Decimal read;
  const bool has_point = decimal_comma && field.find('.') != std::string_view::npos;
  const bool whole = !has_point && read_whole(plain_spelling(field, decimal_comma), read);
  if (whole && read.error == std::errc{} && std::isfinite(read.value)) return read;
  constexpr std::size_t kLongest = 40;
  const std::string start = place + quoted(std::string(field.substr(0, kLongest))) + " ";
  if (whole && read.error == std::errc::result_out_of_range) throw InputError(start + "does not fit a float64");
  throw InputError(std::string(start).append(reason(field, decimal_comma)));
}

}  // namespace kintsugi
