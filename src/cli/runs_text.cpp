#include "cli/runs_text.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "cli/report_text.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

using report::Comparison;
using report::Run;
using report::Scaling;
using report::ScalingPoint;
using report::Series;

constexpr std::size_t kLeastColumns = 40;
constexpr std::string_view kNote = "note: ";

/// What a solve costs where none comes to an end: never.
std::string cost_text(double value) { return std::isinf(value) ? "never" : number_text(value); }

std::string count(std::optional<std::int64_t> value) { return value ? std::to_string(*value) : "-"; }

std::string certain_of(const Run& run) {
  if (!run.certainty || !run.certainty->of_answer) return "-";
  return format("%zu/%zu", run.certainty->certain, run.certainty->of);
}

void print_title(std::ostream& out, const std::string& title, std::size_t columns) {
  for (const std::string& line : wrap(title, columns)) out << line << '\n';
}

/// `lines` begin with a header. Columns that say nothing are left out, and problems where all are the same. What is in
/// the columns `names` tells lines apart.
void print_lines(std::ostream& out, std::vector<std::vector<std::string>> lines, std::set<std::string> names,
                 std::size_t columns) {
  for (std::size_t column = lines[0].size(); column-- > 1;) {
    const bool is_problem = lines[0][column] == "problem";
    const bool says_nothing = std::all_of(lines.begin() + 1, lines.end(), [&](const auto& line) {
      return line[column] == "-" || (is_problem && line[column] == lines[1][column]);
    });
    if (!says_nothing) continue;
    names.erase(lines[0][column]);
    for (auto& line : lines) line.erase(line.begin() + static_cast<std::ptrdiff_t>(column));
  }
  TextTable table(lines[0]);
  for (std::size_t i = 1; i < lines.size(); ++i) table.add(lines[i]);
  table.print_within(out, columns, names.size());
}

void print_each(std::ostream& out, const Comparison& all, std::size_t columns) {
  std::vector<std::vector<std::string>> lines{
      {"run", "problem", "status", "mse", "certain", "pairs", "tau", "evals", "search s", "total s", "ranks"}};
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    const Run& run = all.runs[i];
    lines.push_back({run.name + (run.first ? " (first)" : ""), all.problems[all.problem_of[i]],
                     run.status.empty() ? "-" : run.status, number_text(run.mse), certain_of(run),
                     run.pairs.empty() ? "-" : run.pairs, number_text(run.kendall_tau), count(run.evaluations),
                     number_text(run.search_seconds), number_text(run.total_seconds),
                     run.ranks > 0 ? std::to_string(run.ranks) : "-"});
  }
  print_lines(out, std::move(lines), {"run"}, columns);
}

void print_series(std::ostream& out, const Comparison& all, std::size_t columns) {
  if (all.series.empty()) return;
  out << '\n';
  print_title(
      out,
      "Until one is solved: evaluations and seconds of search, in the median of the solved runs, and on average "
      "if runs are started until one is solved",
      columns);
  const bool by_problem = all.groups.size() == 1 && all.problems.size() > 1;
  std::vector<std::vector<std::string>> lines{
      {"settings", "problem", "solved", "median evals", "median s", "expected evals", "expected s"}};
  for (const Series& each : all.series) {
    lines.push_back({all.groups[each.group], all.problems[each.problem], format("%zu of %zu", each.solved, each.runs),
                     number_text(each.median_evaluations), number_text(each.median_seconds),
                     cost_text(each.expected_evaluations), cost_text(each.expected_seconds)});
  }
  std::set<std::string> names{"settings", "problem"};
  if (by_problem) {
    names.erase("settings");
    for (auto& line : lines) line.erase(line.begin());
  }
  print_lines(out, std::move(lines), std::move(names), columns);
}

void print_scaling(std::ostream& out, const Scaling& scaling, std::size_t columns) {
  const bool weak = scaling.kind == "weak";
  out << '\n';
  print_title(out,
              scaling.kind + " scaling of " + printable(scaling.of) + ": " +
                  (weak ? "seconds for an evaluation of the whole network" : "seconds of search"),
              columns);
  TextTable table(
      {"ranks", "blocks", "runs", "solved", "evals", "median", "least", "most", "total s", "speed-up", "efficiency"});
  for (const ScalingPoint& point : scaling.points) {
    table.add({std::to_string(point.ranks), point.blocks > 0 ? std::to_string(point.blocks) : "-",
               std::to_string(point.runs), std::to_string(point.solved), number_text(point.median_evaluations),
               number_text(point.median), number_text(point.times.front()), number_text(point.times.back()),
               number_text(point.median_total), format("%.2f", point.speedup),
               format("%.1f %%", 100 * point.efficiency)});
  }
  table.print_within(out, columns);
}

void print_differences(std::ostream& out, const Comparison& all, std::size_t columns) {
  if (all.differences.empty()) return;
  out << "\nSettings that differ\n";
  std::vector<std::string> header{"settings"};
  for (const report::Difference& each : all.differences) header.push_back(each.name);
  TextTable table(header);
  for (std::size_t group = 0; group < all.groups.size(); ++group) {
    const auto run = static_cast<std::size_t>(std::ranges::find(all.group_of, group) - all.group_of.begin());
    std::vector<std::string> cells{all.groups[group]};
    for (const report::Difference& each : all.differences)
      cells.push_back(each.values[run].empty() ? "-" : each.values[run]);
    table.add(std::move(cells));
  }
  table.print_within(out, columns);
}

}  // namespace

void print_runs(std::ostream& out, const Comparison& all, std::size_t columns) {
  columns = std::max(columns, kLeastColumns);
  if (all.runs.empty()) {
    out << "No run has finished yet\n";
  } else {
    const auto solved = std::ranges::count_if(all.runs, &Run::solved);
    out << count_of(all.runs.size(), "run") << " of " << count_of(all.problems.size(), "problem") << ", "
        << format("%td solved\n", solved);
  }
  for (const std::string& note : all.notes) {
    const std::vector<std::string> lines = wrap(printable(note), columns - kNote.size());
    for (std::size_t i = 0; i < lines.size(); ++i)
      out << (i == 0 ? std::string(kNote) : std::string(kNote.size(), ' ')) << lines[i] << '\n';
  }
  if (all.runs.empty()) return;
  out << '\n';
  print_each(out, all, columns);
  print_series(out, all, columns);
  for (const Scaling& each : all.scalings) print_scaling(out, each, columns);
  print_differences(out, all, columns);
}

}  // namespace kintsugi::cli
