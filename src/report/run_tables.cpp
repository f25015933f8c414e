// Tables that say how runs went.

#include "report/run_tables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "io/csv_dialect.hpp"
#include "io/file_bytes.hpp"
#include "io/number_text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::report {

namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

/// A line of a table: texts by the names of their columns. What is empty or "-" is not there.
struct Line {
  std::string place;  ///< "FILE, line 3: "
  std::map<std::string, std::string> cells;

  [[nodiscard]] const std::string* find(const std::string& name) const {
    const auto found = cells.find(name);
    return found == cells.end() || found->second.empty() || found->second == "-" ? nullptr : &found->second;
  }
};

/// Names that mean the same.
std::string column_name(std::string name) {
  std::ranges::replace(name, ' ', '_');
  std::ranges::replace(name, '-', '_');
  static const std::map<std::string, std::string> kSame{{"search_s", "search_seconds"},
                                                        {"total_s", "total_seconds"},
                                                        {"seconds", "total_seconds"},
                                                        {"seconds_search", "search_seconds"},
                                                        {"seconds_total", "total_seconds"},
                                                        {"kendall_tau", "tau"},
                                                        {"exit_code", "exit"},
                                                        {"file", "problem"}};
  const auto found = kSame.find(name);
  return found == kSame.end() ? name : found->second;
}

double real(const Line& line, const std::string& name, const char* rule, double lowest) {
  const std::string* const text = line.find(name);
  if (text == nullptr || *text == "nan" || *text == "null") return Run::kNone;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size() && value >= lowest) return value;
  throw InputError(line.place + name + " is '" + *text + "', needs to be " + rule);
}

std::optional<std::int64_t> whole(const Line& line, const std::string& name, std::int64_t lowest) {
  const std::string* const text = line.find(name);
  if (text == nullptr || *text == "null") return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size() && value >= lowest) return value;
  throw InputError(line.place + name + " is '" + *text + "', needs to be a whole number from " +
                   std::to_string(lowest) + " on");
}

/// By the exit code of a solve.
void set_exit(Run& run, std::int64_t code) {
  constexpr std::array<const char*, 6> kWords{"solved", "usage", "bad input", "not_solved", "stopped", "failed"};
  run.solved = code == 0;
  run.status = code >= 0 && static_cast<std::size_t>(code) < kWords.size() ? kWords[static_cast<std::size_t>(code)]
                                                                           : "exit code " + std::to_string(code);
}

Run run_of(const Line& line) {
  constexpr std::int64_t kMostNumber = 1 << 24;
  const char* const kAmount = "a number from 0 on";
  Run run;
  if (const std::string* const word = line.find("status")) {
    set_status(run, *word, line.place);
  } else if (const std::optional<std::int64_t> code = whole(line, "exit", 0)) {
    set_exit(run, *code);
  }
  if (const std::string* const problem = line.find("problem")) run.problem = *problem;
  if (const std::string* const pairs = line.find("pairs")) run.pairs = *pairs;
  if (const std::optional<std::int64_t> seed = whole(line, "seed", 0)) run.seed = static_cast<std::uint64_t>(*seed);
  run.mse = real(line, "mse", kAmount, 0);
  run.target = real(line, "target", kAmount, 0);
  run.kendall_tau = real(line, "tau", "a number from -1 to 1", -1);
  run.evaluations = whole(line, "evaluations", 0);
  run.search_seconds = real(line, "search_seconds", kAmount, 0);
  run.total_seconds = real(line, "total_seconds", kAmount, 0);
  run.ranks = static_cast<int>(std::min(whole(line, "ranks", 1).value_or(0), kMostNumber));
  run.blocks = static_cast<int>(std::min(whole(line, "blocks", 1).value_or(0), kMostNumber));
  if (const std::string* const kind = line.find("kind")) {
    if (*kind != "strong" && *kind != "weak")
      throw InputError(line.place + "kind is '" + *kind + "', needs to be strong or weak");
    run.sweep = *kind;
    if (run.ranks == 0) throw InputError(line.place + "a scaling sweep needs the number of ranks");
    if (!(run.search_seconds > 0)) throw InputError(line.place + "search_seconds needs to be above 0");
  }
  return run;
}

/// Whether a header is of a table of runs.
bool names_runs(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  return (has("seed") || has("ranks") || has("problem")) && (has("status") || has("exit"));
}

[[noreturn]] void refuse(const std::string& file) {
  throw InputError(file +
                   ": is no solution, and no table of runs, whose header names status or exit, and problem, seed or "
                   "ranks (CSV, JSON, or as 'kintsugi bench --suite' prints it)");
}

/// A field of CSV without its quotes, two of which stand for one within.
std::string csv_text(std::string_view field) {
  std::string text(bare_field(field));
  for (std::size_t at = text.find("\"\""); at != std::string::npos; at = text.find("\"\"", at + 1)) text.erase(at, 1);
  return text;
}

std::vector<Line> csv_lines(std::string_view text, const std::string& file) {
  csv::Records records(text, file);
  std::vector<std::string> names;
  std::string_view header = records.next(',');
  while (bare_field(header).empty() && !records.done()) header = records.next(',');
  for (const std::string_view name : csv::split(header, ',')) {
    names.push_back(column_name(std::string(bare_field(name))));
  }
  if (!names_runs(names)) refuse(file);
  std::vector<Line> lines;
  while (!records.done()) {
    const std::string_view record = records.next(',');
    if (bare_field(record).empty()) continue;
    const std::vector<std::string_view> fields = csv::split(record, ',');
    if (fields.size() != names.size()) {
      throw InputError(records.place() + "has " + std::to_string(fields.size()) + " fields, the header has " +
                       std::to_string(names.size()));
    }
    Line line{records.place(), {}};
    for (std::size_t i = 0; i < names.size(); ++i) line.cells[names[i]] = csv_text(fields[i]);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find_first_not_of(" \t\r"); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \t\r", at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(" \t\r", end);
  }
  return words;
}

/// What `bench --suite` prints: columns of words, but for the problem's name, which may have blanks. Whatever does not
/// fit, such as the line with the sums, ends the table.
std::vector<Line> printed_lines(std::string_view text, const std::string& file) {
  std::vector<std::string> names;
  std::vector<Line> lines;
  csv::Records records(text, file);
  while (!records.done()) {
    const std::string_view record = records.next('\0');
    std::vector<std::string> words = words_of(record);
    if (names.empty()) {
      // "search s" is one name.
      for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] != "s") continue;
        words[i - 1].append("_s");
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
      }
      for (std::string& word : words) word = column_name(word);
      if (words.size() > 2 && words[0] == "problem" && names_runs(words)) names = std::move(words);
      continue;
    }
    if (words.size() < names.size() || words[0] == "RESULT") break;
    Line line{records.place(), {}};
    const std::size_t extra = words.size() - names.size();
    for (std::size_t i = 1; i < names.size(); ++i) line.cells[names[i]] = words[i + extra];
    std::string problem = words[0];
    for (std::size_t i = 1; i <= extra; ++i) problem.append(" ").append(words[i]);
    line.cells["problem"] = problem;
    lines.push_back(std::move(line));
  }
  if (names.empty()) refuse(file);
  return lines;
}

using Json = nlohmann::json;

Line line_of(const Json& object, const std::string& place) {
  Line line{place, {}};
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      line.cells[column_name(name)] = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      line.cells[column_name(name)] = value.dump();
    }
  }
  return line;
}

/// The first list of objects in `value`: itself, or a member of it.
const Json* list_in(const Json& value) {
  const auto is_list = [](const Json& each) { return each.is_array() && !each.empty() && each.front().is_object(); };
  if (is_list(value)) return &value;
  if (!value.is_object()) return nullptr;
  for (const auto& [name, member] : value.items()) {
    if (is_list(member)) return &member;
  }
  return nullptr;
}

bool is_run(const Json& value) {
  if (!value.is_object()) return false;
  std::vector<std::string> names;
  for (const auto& [name, member] : value.items()) names.push_back(column_name(name));
  return names_runs(names);
}

std::vector<Line> json_lines(std::string_view text, const std::string& file) {
  std::vector<Line> lines;
  const auto parsed = [](std::string_view part) { return Json::parse(part, nullptr, /*allow_exceptions=*/false); };
  const Json whole = parsed(text);
  if (!whole.is_discarded() && is_run(whole)) {
    lines.push_back(line_of(whole, file + ": "));
  } else if (!whole.is_discarded()) {
    const Json* const list = list_in(whole);
    if (list == nullptr) refuse(file);
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (is_run((*list)[i])) lines.push_back(line_of((*list)[i], file + ", run " + std::to_string(i) + ": "));
    }
  } else {
    csv::Records records(text, file);  // an object a line; those that are no runs may be a head, or sums
    while (!records.done()) {
      const std::string_view record = records.next('\0');
      if (bare_field(record).empty()) continue;
      const Json value = parsed(record);
      if (value.is_discarded()) throw InputError(records.place() + "is no JSON");
      if (is_run(value)) lines.push_back(line_of(value, records.place()));
    }
  }
  if (lines.empty()) refuse(file);
  return lines;
}

}  // namespace

void set_status(Run& run, std::string_view word, const std::string& place) {
  try {
    const Status status = parse_status(word);
    run.status = word;
    run.solved = explains_predictions(status) && status != Status::reproduced;
  } catch (const InputError& error) {
    throw InputError(place + error.what());
  }
}

std::vector<Run> parse_run_table(std::string_view text, const std::string& file) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) throw InputError(file + ": is empty");
  if (text.find('\0') != std::string_view::npos) refuse(file);
  const std::string_view head = text.substr(first, text.find_first_of("\r\n", first) - first);
  std::vector<Line> lines;
  if (text[first] == '{' || text[first] == '[') {
    lines = json_lines(text, file);
  } else if (head.find(',') != std::string_view::npos) {
    lines = csv_lines(text, file);
  } else {
    lines = printed_lines(text, file);
  }
  std::vector<Run> runs;
  runs.reserve(lines.size());
  for (const Line& line : lines) {
    runs.push_back(run_of(line));
    runs.back().source = file;
  }
  return runs;
}

std::vector<Run> read_run_table(const std::filesystem::path& path) {
  const FileBytes bytes(path, kMostBytes);
  return parse_run_table({bytes.bytes().data(), bytes.bytes().size()}, path.string());
}

}  // namespace kintsugi::report
