#include "cli/log_option.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::array<std::string_view, 3> kKinds{"table", "json", "off"};

/// Whether a log's kind stands at `at`, whole.
bool begins_with_kind(std::string_view text) {
  return std::ranges::any_of(kKinds, [&](std::string_view kind) {
    if (!text.starts_with(kind)) return false;
    text.remove_prefix(kind.size());
    return text.empty() || text.front() == ',' || text.front() == ':';
  });
}

/// Parts by comma; a comma before anything else belongs to a file's name.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = text.find(','); comma != std::string_view::npos; comma = text.find(',', comma + 1)) {
    if (!begins_with_kind(text.substr(comma + 1))) continue;
    parts.emplace_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<LogChoice> parse(const std::string& text) {
  std::vector<LogChoice> choices;
  std::size_t on_stderr = 0;
  for (const std::string& part : parts_of(text)) {
    const std::size_t colon = std::min(part.find(':'), part.size());
    LogChoice choice{part.substr(0, colon), part.substr(std::min(colon + 1, part.size()))};
    const bool known = std::ranges::find(kKinds, choice.kind) != kKinds.end();
    if (!known || (colon < part.size() && (choice.kind != "json" || choice.file.empty()))) {
      throw UsageError("expected one of table, json, off, or json:FILE, got '" + part + "'");
    }
    if (choice.file.empty()) ++on_stderr;
    choices.push_back(std::move(choice));
  }
  if (on_stderr > 1)
    throw UsageError("only one log can go to standard error, got '" + text + "'; json:FILE is another");
  if (on_stderr == 0) choices.push_back({"table", {}});
  return choices;
}

}  // namespace

Value log_choices(std::vector<LogChoice>& target) {
  Value value{"table", [&target](const std::string& text) { target = parse(text); }};
  value.choices = {kKinds.begin(), kKinds.end()};
  value.outputs = [](const std::string& text) {
    std::vector<std::filesystem::path> files;
    for (const LogChoice& choice : parse(text)) {
      if (!choice.file.empty()) files.push_back(choice.file);
    }
    return files;
  };
  return value;
}

}  // namespace kintsugi::cli
