#include "cli/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "io/text_encoding.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_quote(char c) { return c == '"' || c == '\''; }

/// Up to a comment.
std::string_view before_comment(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool semicolon = text[at] == ';' && (at == 0 || text[at - 1] == ' ' || text[at - 1] == '\t');
    if (text[at] == '#' || semicolon) return text.substr(0, at);
  }
  return text;
}

/// What stands behind the equals sign, without comment and quotes.
std::string value_of(std::string_view text, const std::string& place) {
  text = trimmed(text);
  if (text.empty() || !is_quote(text.front())) return std::string(trimmed(before_comment(text)));
  const std::size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) throw UsageError(place + "a quote is opened and not closed");
  if (!trimmed(before_comment(text.substr(end + 1))).empty()) {
    throw UsageError(place + "something stands behind the closing quote");
  }
  return std::string(text.substr(1, end - 1));
}

std::string read_bytes(const std::filesystem::path& path, const std::string& origin) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  if (file && !std::filesystem::is_directory(path, ignored)) {
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    throw UsageError(origin + ": cannot be read");
  }
  if (file.bad()) throw UsageError(origin + ": cannot be read");
  return bytes;
}

std::string text_of(std::string_view bytes, const std::string& origin) {
  try {
    std::string store;
    return std::string(decode_text(bytes, origin, store));
  } catch (const InputError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

std::vector<ConfigLine> read_config_lines(const std::filesystem::path& path, const std::string& origin) {
  return parse_config_lines(read_bytes(path, origin), origin);
}

std::vector<ConfigLine> parse_config_lines(std::string_view bytes, const std::string& origin) {
  const std::string text = text_of(bytes, origin);
  std::vector<ConfigLine> lines;
  std::string section;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    const std::string place = origin + ", line " + std::to_string(++number) + ": ";
    const std::string_view bare = trimmed(before_comment(line));
    if (bare.empty()) continue;
    if (bare.front() == '[' && bare.back() == ']') {
      section = trimmed(bare.substr(1, bare.size() - 2));
      continue;
    }
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || equals >= bare.size() || name.empty()) {
      throw UsageError(place + "expected name = value, got '" + std::string(bare) + "'");
    }
    lines.push_back({number, section, std::string(name), value_of(line.substr(equals + 1), place)});
  }
  return lines;
}

bool stands_in_config(const std::string& value) {
  if (value.find_first_of("\r\n") != std::string::npos || (!value.empty() && is_quote(value.front()))) return false;
  return value == value_of(value, "");
}

}  // namespace kintsugi::cli
