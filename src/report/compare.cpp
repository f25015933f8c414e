// What many runs have in common, and in what they differ.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "kintsugi/core/error.hpp"
#include "report/runs.hpp"

namespace kintsugi::report {

namespace {

constexpr std::size_t kLongName = 36;  // letters of a legend

double median_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return Run::kNone;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double evaluations_of(const Run& run) { return run.evaluations ? static_cast<double>(*run.evaluations) : Run::kNone; }

/// The file's name, or whatever the source calls it.
std::string problem_name(const Run& run) {
  const std::filesystem::path path(run.problem);
  return path.extension() == ".h5" ? path.stem().string() : run.problem;
}

/// What tells the problem of a run from others: its fingerprint, or else its name alone.
std::string problem_key(const Run& run) {
  if (!run.fingerprint.weights.empty())
    return run.fingerprint.weights + " " + run.fingerprint.rows + " " + run.fingerprint.activation;
  return run.problem.empty() ? "of " + run.source : "name " + problem_name(run);
}

/// Gives several problems that are called alike names that differ, and says in what they differ. `first`: a run of each
/// problem. `unmarked`: names without a fingerprint, by the file that has them.
void name_alike(Comparison& all, const std::string& name, const std::vector<std::size_t>& same,
                const std::vector<const Run*>& first, std::map<std::string, std::vector<std::string>>& unmarked) {
  constexpr std::size_t kDigits = 6;
  std::vector<std::size_t> marked;
  for (const std::size_t i : same) {
    if (!first[i]->fingerprint.weights.empty()) marked.push_back(i);
  }
  for (const std::size_t i : same) {
    if (same.size() < 2 || !first[i]->fingerprint.weights.empty()) continue;
    all.problems[i].append(" (not marked)");
    unmarked[first[i]->source].push_back(name);
  }
  if (marked.size() < 2) return;
  for (const std::size_t i : marked) {
    const ProblemFingerprint& mark = first[i]->fingerprint;
    all.problems[i].append(" ").append(mark.weights, 0, kDigits).append("/").append(mark.rows, 0, kDigits);
    if (i == marked.front()) continue;
    all.notes.push_back("two problems are called " + name + ": " + first[i]->source + " " +
                        differences(mark, first[marked.front()]->fingerprint) + " than " +
                        first[marked.front()]->source);
  }
}

void tell_problems_apart(Comparison& all) {
  std::map<std::string, std::size_t> known;
  std::vector<const Run*> first;  // of each problem
  for (const Run& run : all.runs) {
    const auto [found, added] = known.try_emplace(problem_key(run), first.size());
    if (added) first.push_back(&run);
    all.problem_of.push_back(found->second);
  }
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string name = problem_name(*first[i]);
    all.problems.push_back(name.empty() ? first[i]->source : name);
    by_name[all.problems.back()].push_back(i);
  }
  std::map<std::string, std::vector<std::string>> unmarked;
  for (const auto& [name, same] : by_name) name_alike(all, name, same, first, unmarked);
  for (const auto& [source, names] : unmarked) {
    std::string list = names.front();
    for (std::size_t i = 1; i < names.size(); ++i) list.append(", ").append(names[i]);
    all.notes.push_back(source + " does not say by fingerprints of which problems its runs are: " + list +
                        " there and elsewhere are taken for different ones");
  }
}

/// Settings that are not the same in all runs that have settings.
void find_differences(Comparison& all) {
  std::set<std::string> names;
  for (const Run& run : all.runs) {
    for (const auto& [name, text] : run.settings) names.insert(name);
  }
  for (const std::string& name : names) {
    Difference difference{name, {}};
    std::set<std::string> values;
    for (const Run& run : all.runs) {
      const auto found = run.settings.find(name);
      difference.values.push_back(found == run.settings.end() ? "" : found->second);
      if (!run.settings.empty()) values.insert(difference.values.back());
    }
    if (values.size() > 1) all.differences.push_back(std::move(difference));
  }
}

/// Runs of a table, which has no settings, are set apart by the table where there are others.
void tell_groups_apart(Comparison& all) {
  std::set<std::string> tables;
  bool with_settings = false;
  for (const Run& run : all.runs) {
    if (run.settings.empty()) tables.insert(run.source);
    with_settings = with_settings || !run.settings.empty();
  }
  const bool name_tables = tables.size() + (with_settings ? 1 : 0) > 1;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    std::string label;
    for (const Difference& difference : all.differences) {
      if (difference.values[i].empty()) continue;
      label.append(label.empty() ? "" : ", ").append(difference.name).append(" ").append(difference.values[i]);
    }
    if (all.runs[i].settings.empty() && name_tables) label = std::filesystem::path(all.runs[i].source).string();
    const auto [found, added] = known.try_emplace(label, all.groups.size());
    if (added) all.groups.push_back(label.empty() ? "the same settings" : label);
    all.group_of.push_back(found->second);
  }
  all.group_texts = all.groups;
  const auto long_one =
      std::ranges::find_if(all.groups, [](const std::string& name) { return name.size() > kLongName; });
  if (long_one == all.groups.end()) return;
  for (std::size_t i = 0; i < all.groups.size(); ++i) all.groups[i] = "set " + std::to_string(i + 1);
}

/// "a", "a 2", ...: the file's stem, and whatever tells runs of one table apart.
void give_names(Comparison& all) {
  std::map<std::string, std::size_t> used;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    Run& run = all.runs[i];
    if (run.name.empty()) {
      run.name = run.sweep.empty() ? all.problems[all.problem_of[i]] : run.sweep + " np" + std::to_string(run.ranks);
      if (run.seed) run.name.append(" seed ").append(std::to_string(*run.seed));
    }
    const std::size_t count = ++used[run.name];
    if (count > 1) run.name.append(" (").append(std::to_string(count)).append(")");
  }
}

Series series_of(const Comparison& all, std::size_t group, std::size_t problem,
                 const std::vector<std::size_t>& members) {
  Series series{.group = group, .problem = problem, .runs = members.size()};
  std::vector<double> evaluations;
  std::vector<double> seconds;
  double all_evaluations = 0;
  double all_seconds = 0;
  for (const std::size_t i : members) {
    const Run& run = all.runs[i];
    all_evaluations += evaluations_of(run);
    all_seconds += run.search_seconds;
    if (!run.solved) continue;
    ++series.solved;
    evaluations.push_back(evaluations_of(run));
    seconds.push_back(run.search_seconds);
  }
  series.median_evaluations = median_of(evaluations);
  series.median_seconds = median_of(seconds);
  const auto solved = static_cast<double>(series.solved);
  const auto expected = [&](double sum) {
    return series.solved == 0 && !std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum / solved;
  };
  series.expected_evaluations = expected(all_evaluations);
  series.expected_seconds = expected(all_seconds);
  return series;
}

void add_series(Comparison& all) {
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    if (all.runs[i].sweep.empty()) members[{all.group_of[i], all.problem_of[i]}].push_back(i);
  }
  for (const auto& [key, own] : members) all.series.push_back(series_of(all, key.first, key.second, own));
}

/// Seconds that are compared: of the search, or of one evaluation of the whole network.
double scaled_time(const Run& run, bool weak) {
  return weak ? run.search_seconds / evaluations_of(run) : run.search_seconds;
}

/// The runs whose times tell something: solved ones, or all where none was solved; in a weak sweep, those that
/// searched.
std::vector<const Run*> timed_of(const std::vector<const Run*>& runs, bool weak) {
  std::vector<const Run*> timed;
  for (const Run* const run : runs) {
    if (scaled_time(*run, weak) > 0 && std::isfinite(scaled_time(*run, weak))) timed.push_back(run);
  }
  std::vector<const Run*> solved;
  std::ranges::copy_if(timed, std::back_inserter(solved), [](const Run* run) { return run->solved; });
  return solved.empty() ? timed : solved;
}

ScalingPoint point_of(const std::vector<const Run*>& runs, const std::vector<const Run*>& timed, bool weak) {
  ScalingPoint point;
  point.ranks = timed.front()->ranks;
  point.blocks = timed.front()->blocks;
  point.runs = runs.size();
  point.solved = static_cast<std::size_t>(std::ranges::count_if(runs, [](const Run* run) { return run->solved; }));
  std::vector<double> totals;
  std::vector<double> evaluations;
  for (const Run* const run : timed) {
    point.times.push_back(scaled_time(*run, weak));
    totals.push_back(run->total_seconds);
    evaluations.push_back(evaluations_of(*run));
  }
  std::ranges::sort(point.times);
  point.median = median_of(point.times);
  point.median_total = median_of(totals);
  point.median_evaluations = median_of(evaluations);
  return point;
}

Scaling scaling_of(const std::vector<const Run*>& runs, const std::string& kind, const std::string& of,
                   std::vector<std::string>& notes) {
  std::map<int, std::vector<const Run*>> by_ranks;
  for (const Run* const run : runs) by_ranks[run->ranks].push_back(run);
  Scaling scaling{kind, of, {}};
  const bool weak = kind == "weak";
  for (const auto& [ranks, own] : by_ranks) {
    const std::vector<const Run*> timed = timed_of(own, weak);
    if (timed.empty()) {
      notes.push_back(of + ": all runs on " + std::to_string(ranks) +
                      " ranks were solved without a search, which tells no time for an evaluation; make it harder "
                      "(GENERATE='--depth none')");
      continue;
    }
    ScalingPoint point = point_of(own, timed, weak);
    if (!scaling.points.empty()) {
      const ScalingPoint& least = scaling.points.front();
      const double share = static_cast<double>(ranks) / least.ranks;
      const double ratio = least.median / point.median;
      point.speedup = weak ? ratio * share : ratio;
      point.efficiency = weak ? ratio : ratio / share;
    }
    scaling.points.push_back(std::move(point));
  }
  return scaling;
}

/// Sweeps, by their file and kind; and solutions of equal settings, seed and problem on several numbers of ranks.
void add_scalings(Comparison& all) {
  std::map<std::pair<std::string, std::string>, std::vector<const Run*>> sweeps;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<const Run*>> others;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    const Run& run = all.runs[i];
    if (!run.sweep.empty()) {
      sweeps[{run.sweep, run.source}].push_back(&run);
    } else if (run.ranks > 0 && run.search_seconds > 0) {
      others[{all.group_of[i], all.problem_of[i]}].push_back(&run);
    }
  }
  for (const auto& [key, runs] : sweeps) {
    Scaling scaling = scaling_of(runs, key.first, key.second, all.notes);
    if (scaling.points.empty()) throw InputError(key.second + ": no run of the sweep has anything to measure");
    all.scalings.push_back(std::move(scaling));
  }
  for (const auto& [key, runs] : others) {
    std::set<int> ranks;
    std::set<std::optional<std::uint64_t>> seeds;
    for (const Run* const run : runs) {
      ranks.insert(run->ranks);
      seeds.insert(run->seed);
    }
    if (ranks.size() < 2 || seeds.size() > 1) continue;
    all.scalings.push_back(
        scaling_of(runs, "strong", all.problems[key.second] + ", " + all.groups[key.first], all.notes));
  }
}

}  // namespace

Comparison compare(FoundRuns found) {
  Comparison all;
  all.runs = std::move(found.runs);
  all.notes = std::move(found.unfinished);
  tell_problems_apart(all);
  find_differences(all);
  tell_groups_apart(all);
  give_names(all);
  add_series(all);
  add_scalings(all);
  return all;
}

}  // namespace kintsugi::report
