#include "cli/runs_text.hpp"

#include <algorithm>
#include <cmath>

#include "cli/report_text.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

using report::Comparison;
using report::Run;
using report::Scaling;
using report::ScalingPoint;
using report::Series;

/// What a solve costs where none comes to an end: never.
std::string cost_text(double value) { return std::isinf(value) ? "never" : number_text(value); }

std::string count(std::optional<std::int64_t> value) { return value ? std::to_string(*value) : "-"; }

std::string certain_of(const Run& run) {
  if (!run.certainty || !run.certainty->of_answer) return "-";
  return format("%zu/%zu", run.certainty->certain, run.certainty->of);
}

/// Columns that say nothing of any run are left out.
void print_each(std::ostream& out, const Comparison& all) {
  std::vector<std::vector<std::string>> lines{
      {"run", "problem", "status", "mse", "certain", "pairs", "tau", "evaluations", "search s", "total s", "ranks"}};
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    const Run& run = all.runs[i];
    lines.push_back({run.name + (run.first ? " (first)" : ""), all.problems[all.problem_of[i]],
                     run.status.empty() ? "-" : run.status, number_text(run.mse), certain_of(run),
                     run.pairs.empty() ? "-" : run.pairs, number_text(run.kendall_tau), count(run.evaluations),
                     number_text(run.search_seconds), number_text(run.total_seconds),
                     run.ranks > 0 ? std::to_string(run.ranks) : "-"});
  }
  for (std::size_t column = lines[0].size(); column-- > 0;) {
    const bool says_nothing =
        std::all_of(lines.begin() + 1, lines.end(), [&](const auto& line) { return line[column] == "-"; });
    if (!says_nothing) continue;
    for (auto& line : lines) line.erase(line.begin() + static_cast<std::ptrdiff_t>(column));
  }
  TextTable table(lines[0]);
  for (std::size_t i = 1; i < lines.size(); ++i) table.add(lines[i]);
  table.print(out);
}

void print_series(std::ostream& out, const Comparison& all) {
  if (all.series.empty()) return;
  out << "\nUntil one is solved, if runs are started until one is: evaluations and seconds of search on average\n";
  TextTable table(
      {"settings", "problem", "solved", "median evaluations", "median s", "expected evaluations", "expected s"});
  for (const Series& each : all.series) {
    table.add({all.groups[each.group], all.problems[each.problem], format("%zu of %zu", each.solved, each.runs),
               number_text(each.median_evaluations), number_text(each.median_seconds),
               cost_text(each.expected_evaluations), cost_text(each.expected_seconds)});
  }
  table.print(out);
}

void print_scaling(std::ostream& out, const Scaling& scaling) {
  const bool weak = scaling.kind == "weak";
  out << '\n'
      << scaling.kind << " scaling of " << printable(scaling.of) << ": "
      << (weak ? "seconds for an evaluation of the whole network" : "seconds of search") << '\n';
  TextTable table({"ranks", "blocks", "runs", "solved", "evaluations", "median", "least", "most", "total s", "speed-up",
                   "efficiency"});
  for (const ScalingPoint& point : scaling.points) {
    table.add({std::to_string(point.ranks), point.blocks > 0 ? std::to_string(point.blocks) : "-",
               std::to_string(point.runs), std::to_string(point.solved), number_text(point.median_evaluations),
               number_text(point.median), number_text(point.times.front()), number_text(point.times.back()),
               number_text(point.median_total), format("%.2f", point.speedup),
               format("%.1f %%", 100 * point.efficiency)});
  }
  table.print(out);
}

void print_differences(std::ostream& out, const Comparison& all) {
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
  table.print(out);
}

}  // namespace

void print_runs(std::ostream& out, const Comparison& all) {
  const auto solved = std::ranges::count_if(all.runs, &Run::solved);
  out << count_of(all.runs.size(), "run") << " of " << count_of(all.problems.size(), "problem") << ", "
      << format("%td solved\n", solved);
  for (const std::string& note : all.notes) out << "note: " << printable(note) << '\n';
  out << '\n';
  print_each(out, all);
  print_series(out, all);
  for (const Scaling& each : all.scalings) print_scaling(out, each);
  print_differences(out, all);
}

}  // namespace kintsugi::cli
