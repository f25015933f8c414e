#include "cli/bench_suite.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

#include "cli/progress.hpp"
#include "cli/solve_values.hpp"
#include "cli/suite_problem.hpp"
#include "cli/suite_table.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "core/stopwatch.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kSecondsBetweenUpdates = 0.2;  // on a terminal
constexpr double kSecondsBetweenReports = 5;    // elsewhere

/// Says on standard error which solve of how many is running, and how far it is.
class SuiteProgress final : public SolveObserver {
 public:
  SuiteProgress(bool speaks, std::size_t solves)
      : speaks_(speaks), solves_(solves), screen_(speaks ? screen_of_errors() : Screen{}) {}

  void begin(const std::string& name, std::uint64_t seed) {
    ++number_;
    name_ = printable(name) + format(", seed %llu", static_cast<unsigned long long>(seed));
    progress_ = {};
    progress_.doing("reading");
    tell();
  }
  /// Before something else is printed.
  void clear() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
    shown_ = false;
  }
  void on_pairs(const std::vector<PairScore>& pairs) override { progress_.on_pairs(pairs); }
  void on_step(const TrajectoryEntry& entry) override { progress_.on_step(entry); }
  bool stop_at_once() override {
    tell();
    return false;
  }

 private:
  void tell() {
    const double pause = screen_.terminal ? kSecondsBetweenUpdates : kSecondsBetweenReports;
    if (!speaks_ || since_told_.seconds() < pause) return;
    since_told_.restart();
    std::string text = format("%zu of %zu: ", number_, solves_) + name_ + ", " + clock_text(progress_.seconds());
    if (progress_.has_step()) text += format(", best %.2e", progress_.latest().best);
    text += ", " + progress_.what();
    if (!screen_.terminal) {
      std::cerr << "now      " + text + "\n";
      return;
    }
    text.resize(std::min(text.size(), screen_.columns - 1));
    std::cerr << "\r\033[K" << painted(text, screen_.colour ? Paint::dim : Paint::none) << std::flush;
    shown_ = true;
  }

  bool speaks_;
  std::size_t solves_;
  Screen screen_;
  std::size_t number_ = 0;
  std::string name_;
  Progress progress_;
  Stopwatch since_told_;
  bool shown_ = false;
};

bool is_right(Status status) {
  return status == Status::solved || status == Status::precision || status == Status::noise;
}

SuiteRow row_of(const std::string& problem, std::uint64_t seed, const Solution& solution,
                const std::optional<Assembly>& answer, double seconds) {
  SuiteRow row{.problem = problem,
               .seed = seed,
               .status = std::string(to_string(solution.status)),
               .mse = solution.mse,
               .blocks = solution.assembly.blocks.size(),
               .right_pairs = {},
               .kendall_tau = {},
               .evaluations = solution.evaluations,
               .search_seconds = solution.times.search,
               .total_seconds = seconds};
  if (answer) {
    const Comparison comparison = compare(solution.assembly, *answer);
    row.right_pairs = row.blocks - comparison.wrong_pairs.size();
    row.kendall_tau = comparison.kendall_tau;
  }
  return row;
}

std::size_t longest_name(const std::vector<std::filesystem::path>& paths) {
  std::size_t longest = 0;
  for (const std::filesystem::path& path : paths) longest = std::max(longest, path.stem().string().size());
  return longest;
}

}  // namespace

bool bench_suite(const mpi::Comm& world, const SuiteRun& run) {
  std::vector<std::filesystem::path> paths;
  world.agree([&] { paths = problems_of_suite(run.folder); });
  std::unique_ptr<SuiteTable> table;
  if (world.root()) table = make_suite_table(run.format, longest_name(paths));
  SuiteProgress progress(world.root(), paths.size() * static_cast<std::size_t>(run.seeds));
  SuiteSummary summary;
  std::vector<double> times;
  for (const std::filesystem::path& path : paths) {
    SuiteProblem problem(world, path);
    std::optional<Assembly> answer;
    world.agree([&] {
      if (world.root()) answer = problem.answer();
    });
    for (int i = 0; i < run.seeds; ++i) {
      const Stopwatch stopwatch;
      SolveOptions options = run.options;
      options.seed += static_cast<std::uint64_t>(i);
      progress.begin(problem.name(), options.seed);
      const Network& network = problem.network(world, options, progress);
      settle_islands(world, network, options);
      const Solution solution = solve(world, network, problem.rows(), options, progress);
      mpi::stop_together(world);
      if (is_right(solution.status)) ++summary.solved;
      times.push_back(solution.times.search);
      progress.clear();
      if (world.root()) table->add(row_of(problem.name(), options.seed, solution, answer, stopwatch.seconds()));
    }
  }
  std::ranges::sort(times);
  summary.of = times.size();
  summary.median_search_seconds = times[times.size() / 2];
  if (world.root()) table->finish(summary);
  return summary.solved == summary.of;
}

}  // namespace kintsugi::cli
