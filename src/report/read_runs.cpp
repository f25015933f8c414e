// What was left of solves: solutions, tables, folders of jobs.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>

#include "io/hdf5_reader.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "report/run_tables.hpp"

namespace kintsugi::report {

namespace {

namespace fs = std::filesystem;

bool is_hdf5(const fs::path& path) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::array<char, kSignature.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return file && std::string_view(start.data(), start.size()) == kSignature;
}

/// Options that say where things are, or how much is said: they change nothing about what a run does.
bool is_place(std::string_view name) {
  constexpr std::array<std::string_view, 13> kPlaces{
      "problem", "output", "seed",     "log",  "quiet", "checkpoint", "checkpoint-interval",
      "resume",  "force",  "no-times", "live", "color", "config"};
  return std::ranges::find(kPlaces, name) != kPlaces.end();
}

/// "name = text" lines, as --print-config has them.
void add_settings(Run& run, std::string_view options) {
  while (!options.empty()) {
    std::string_view line = options.substr(0, options.find('\n'));
    options.remove_prefix(std::min(line.size() + 1, options.size()));
    const std::size_t equals = line.find(" =");
    if (line.starts_with("# ") || equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    line.remove_prefix(std::min(equals + 3, line.size()));
    if (!is_place(name)) run.settings[std::string(name)] = line;
  }
}

/// The lowest errors of all islands together. Islands whose sample is smaller than the largest do not count.
std::vector<Corner> curve_of(const std::vector<TrajectoryEntry>& trajectory) {
  std::map<int, TrajectoryEntry> latest;
  std::vector<Corner> curve;
  for (const TrajectoryEntry& entry : trajectory) {
    latest[entry.island] = entry;
    Corner corner{.seconds = entry.seconds};
    for (const auto& [island, last] : latest) {
      corner.evaluations += last.evaluations;
      corner.rows = std::max(corner.rows, last.rows);
    }
    corner.best = std::numeric_limits<double>::infinity();
    for (const auto& [island, last] : latest) {
      if (last.rows == corner.rows && last.best < corner.best) corner.best = last.best;
    }
    if (!std::isfinite(corner.best)) continue;
    if (curve.empty() || curve.back().rows != corner.rows || corner.best < curve.back().best) curve.push_back(corner);
  }
  return curve;
}

std::string name_of(const fs::path& path) {
  // task-3/solution.h5 is told from others by its folder.
  const std::string stem = path.stem().string();
  return stem == "solution" && path.has_parent_path() ? path.parent_path().filename().string() : stem;
}

Run read_solution_run(const fs::path& path) {
  const StoredSolution stored = read_solution(path);
  const Solution& solution = stored.solution;
  const RunFacts& facts = stored.facts;
  Run run;
  run.source = path.string();
  run.name = name_of(path);
  run.problem = facts.problem;
  run.fingerprint = facts.fingerprint;
  set_status(run, to_string(solution.status), run.source + ": ");
  run.seed = facts.seed;
  run.mse = solution.mse;
  run.target = solution.target;
  run.evaluations = solution.evaluations;
  if (solution.times.total > 0) {
    run.search_seconds = solution.times.search;
    run.total_seconds = solution.times.total;
  }
  run.ranks = facts.ranks;
  run.blocks = static_cast<int>(solution.permutation.size() / 2);
  if (!solution.margins.empty()) run.certainty = certainty_of(solution);
  add_settings(run, facts.options);
  run.settings["program"] = facts.version + (facts.revision.empty() ? "" : " (" + facts.revision + ")");
  if (!facts.parameters.empty()) run.settings["tuned numbers"] = facts.parameters;
  run.curve = curve_of(solution.trajectory);
  return run;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  if (error) throw InputError(folder.string() + ": cannot be read: " + error.message());
  std::ranges::sort(entries);
  return entries;
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Other kinds of files lie beside solutions. Throws InputError where HDF5 cannot read it.
bool is_solution(const fs::path& path) {
  if (path.extension() != ".h5" || !is_hdf5(path)) return false;
  const h5::Reader reader(path);
  return h5::has_attribute(reader.root(), "format") &&
         h5::text_attribute(reader.root(), "format") == "kintsugi-solution";
}

/// Solutions of a folder: in it, or solution.h5 one folder below.
std::vector<fs::path> solutions_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::path& entry : entries_of(folder)) {
    if (is_file(entry) && is_solution(entry)) found.push_back(entry);
    if (is_file(entry / "solution.h5")) found.push_back(entry / "solution.h5");
  }
  return found;
}

/// A table that a job adds lines to: there may be none yet.
std::vector<Run> read_growing_table(const fs::path& path) {
  std::error_code error;
  const bool empty = fs::file_size(path, error) == 0 || error;
  return empty ? std::vector<Run>() : read_run_table(path);
}

/// The seed of a folder that a task of a restart array made: of task-17, 17.
std::optional<std::uint64_t> seed_of_task(const fs::path& folder) {
  constexpr std::string_view kTask = "task-";
  const std::string name = folder.filename().string();
  std::uint64_t seed = 0;
  const char* const end = name.data() + name.size();
  std::error_code ignored;
  if (!name.starts_with(kTask) || !fs::is_directory(folder, ignored)) return std::nullopt;
  const auto [stop, error] = std::from_chars(name.data() + kTask.size(), end, seed);
  return error == std::errc{} && stop == end ? std::optional(seed) : std::nullopt;
}

/// Also one that has just begun, and has its tasks' folders only.
bool is_array(const fs::path& folder) {
  if (is_file(folder / "tasks.csv")) return true;
  return std::ranges::any_of(entries_of(folder), [](const fs::path& entry) { return seed_of_task(entry).has_value(); });
}

/// Which tasks have left nothing yet, in a sentence; empty where all have.
std::string unfinished_tasks(const fs::path& folder, const std::set<std::uint64_t>& known) {
  constexpr std::size_t kNamed = 4;
  std::set<std::uint64_t> begun;
  for (const fs::path& entry : entries_of(folder)) {
    if (const auto seed = seed_of_task(entry); seed && !known.contains(*seed)) begun.insert(*seed);
  }
  if (begun.empty() && !known.empty()) return "";
  std::string text = folder.string() + ": ";
  if (known.empty()) text.append("no task has finished yet");
  if (known.empty() && !begun.empty()) text.append("; ");
  std::size_t named = 0;
  for (const std::uint64_t seed : begun) {
    if (++named > kNamed) break;
    text.append(named > 1 ? ", task-" : "task-").append(std::to_string(seed));
  }
  if (begun.size() > kNamed) text.append(" and ").append(std::to_string(begun.size() - kNamed)).append(" more");
  if (!begun.empty()) text.append(begun.size() == 1 ? " has begun" : " have begun");
  if (!begun.empty() && !known.empty()) text.append(" and left no solution yet");
  return text.append("; 'kintsugi watch ").append(folder.string()).append("' shows how far they are");
}

/// The tasks of a restart array: those that left a solution, and those of which tasks.csv alone tells.
FoundRuns read_array(const fs::path& folder) {
  FoundRuns found;
  std::vector<Run>& runs = found.runs;
  std::set<std::uint64_t> seeds;
  for (const fs::path& solution : solutions_in(folder)) {
    runs.push_back(read_solution_run(solution));
    seeds.insert(*runs.back().seed);
  }
  const Run known = runs.empty() ? Run() : runs.front();
  for (Run& run : read_growing_table(folder / "tasks.csv")) {
    if (!run.seed || !seeds.insert(*run.seed).second) continue;
    run.name = "task-" + std::to_string(*run.seed);
    if (!known.problem.empty()) {  // all tasks have one problem and the same settings
      run.problem = known.problem;
      run.fingerprint = known.fingerprint;
      run.settings = known.settings;
    }
    runs.push_back(std::move(run));
  }
  std::string first;
  std::getline(std::ifstream(folder / "solved") >> std::ws, first);
  for (Run& run : runs) run.first = run.name == first;
  if (std::string text = unfinished_tasks(folder, seeds); !text.empty()) found.unfinished.push_back(std::move(text));
  return found;
}

FoundRuns read_folder(const fs::path& folder) {
  FoundRuns found;
  if (is_file(folder / "sweep.csv")) {
    found.runs = read_growing_table(folder / "sweep.csv");
    if (found.runs.empty()) found.unfinished.push_back(folder.string() + ": no run of the sweep has finished yet");
    return found;
  }
  if (is_array(folder)) return read_array(folder);
  for (const fs::path& solution : solutions_in(folder)) found.runs.push_back(read_solution_run(solution));
  if (!found.runs.empty()) return found;
  throw InputError(folder.string() +
                   ": has no runs: no solution (*.h5, or */solution.h5), no sweep.csv of a scaling sweep and no "
                   "tasks.csv of a restart array");
}

}  // namespace

FoundRuns read_runs(std::span<const fs::path> sources) {
  FoundRuns all;
  for (const fs::path& source : sources) {
    std::error_code ignored;
    FoundRuns found;
    if (fs::is_directory(source, ignored)) {
      found = read_folder(source);
    } else if (is_hdf5(source)) {
      found.runs.push_back(read_solution_run(source));
    } else {
      found.runs = read_run_table(source);
      if (found.runs.empty()) throw InputError(source.string() + ": has a header, but no run");
    }
    std::ranges::move(found.runs, std::back_inserter(all.runs));
    std::ranges::move(found.unfinished, std::back_inserter(all.unfinished));
  }
  return all;
}

std::optional<fs::path> single_solution(std::span<const fs::path> sources) {
  if (sources.size() != 1) return std::nullopt;
  const fs::path& source = sources.front();
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) return is_hdf5(source) ? std::optional(source) : std::nullopt;
  if (is_file(source / "sweep.csv") || is_array(source)) return std::nullopt;
  const std::vector<fs::path> found = solutions_in(source);
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

}  // namespace kintsugi::report
