#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/certainty.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"

/// Many solves side by side: what is left of each, and what they have in common.
namespace kintsugi::report {

/// A corner of a curve of errors.
struct Corner {
  std::int64_t evaluations = 0;  ///< of all islands together
  double seconds = 0;
  std::int64_t rows = 0;  ///< of the largest sample that an island works on
  double best = 0;        ///< the lowest error so far on that sample
};

/// One solve, as far as what is left of it says.
struct Run {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::string source;              ///< the file that says so
  std::string name;                ///< in one word or two; compare() makes them differ
  std::string problem;             ///< as the source calls it; empty: it does not say
  ProblemFingerprint fingerprint;  ///< empty where the source has none
  std::string status;              ///< a word of to_string(Status), or of an exit code; empty: not said
  bool solved = false;
  bool first = false;  ///< of an array of restarts, the task that solved the problem first, so that all others stopped
  std::optional<std::uint64_t> seed;
  double mse = kNone;
  double target = kNone;
  std::optional<std::int64_t> evaluations;
  double search_seconds = kNone;
  double total_seconds = kNone;
  int ranks = 0;  ///< 0: not said, as with `blocks`
  int blocks = 0;
  std::optional<Certainty> certainty;
  std::string pairs;                            ///< right ones of all, "45/48", where an answer was known
  double kendall_tau = kNone;                   ///< against that answer
  std::map<std::string, std::string> settings;  ///< options that may change what a run does, and the program
  std::vector<Corner> curve;
  std::string sweep;  ///< of a scaling sweep: "strong" or "weak"; else empty
};

/// Runs, and which are still to come.
struct FoundRuns {
  std::vector<Run> runs;
  std::vector<std::string> unfinished;  ///< sentences: of folders where jobs have begun that have left nothing yet
};

/// What was found in `sources`, in their order: solutions; tables (CSV, JSON, or as `bench --suite` prints them) with a
/// line for each run; folders of a restart array, of a sweep, or with solutions. Throws InputError that names the file,
/// the place and the rule, and says of a folder or file without runs what would be read.
[[nodiscard]] FoundRuns read_runs(std::span<const std::filesystem::path> sources);

/// The one solution that `sources` come to; none where they are more, or a table.
[[nodiscard]] std::optional<std::filesystem::path> single_solution(std::span<const std::filesystem::path> sources);

/// Runs with the same settings on the same problem.
struct Series {
  std::size_t group = 0;
  std::size_t problem = 0;
  std::size_t runs = 0;
  std::size_t solved = 0;
  double median_evaluations = Run::kNone;  ///< of the solved ones
  double median_seconds = Run::kNone;      ///< of their searches
  /// What it takes on average until one is solved, if runs are started until one is: the sum over all by the number of
  /// solved ones. Infinite where none is solved.
  double expected_evaluations = Run::kNone;
  double expected_seconds = Run::kNone;
};

/// Times on one number of ranks.
struct ScalingPoint {
  int ranks = 0;
  int blocks = 0;
  std::size_t runs = 0;
  std::size_t solved = 0;
  std::vector<double> times;  ///< seconds, ascending: of the solved runs, or of all where none was solved
  double median = 0;
  double median_total = Run::kNone;
  double median_evaluations = Run::kNone;
  double speedup = 1;  ///< of the median against the fewest ranks
  double efficiency = 1;
};

/// strong: the time of a search on the same problem. weak: the time of one evaluation, with as much work for each rank.
struct Scaling {
  std::string kind;
  std::string of;  ///< which runs, in words
  std::vector<ScalingPoint> points;
};

/// A setting that is not the same in all runs, by run; empty where it is not said.
struct Difference {
  std::string name;
  std::vector<std::string> values;
};

struct Comparison {
  std::vector<Run> runs;
  std::vector<std::string> problems;     ///< names that differ
  std::vector<std::string> groups;       ///< names of the sets of runs with equal settings: what differs, or a number
  std::vector<std::string> group_texts;  ///< what differs, by group
  std::vector<std::size_t> problem_of;   ///< by run: index in `problems`
  std::vector<std::size_t> group_of;     ///< by run: index in `groups`
  std::vector<Difference> differences;   ///< seeds, ranks and places of files aside
  std::vector<Series> series;            ///< by group, then problem; runs of sweeps aside
  std::vector<Scaling> scalings;
  std::vector<std::string> notes;  ///< what should be known before runs are compared
};

/// Tells problems apart by their fingerprints, groups by their settings, and gives runs names that differ. Throws
/// InputError where no run of a sweep has anything to measure.
[[nodiscard]] Comparison compare(FoundRuns found);

/// One page like that of a single run; see contents.hpp.
[[nodiscard]] std::string to_html(const Comparison& comparison);

}  // namespace kintsugi::report
