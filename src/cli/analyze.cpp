// kintsugi analyze: a study of a network, as tables on stdout and data sets in a file.

#include <algorithm>
#include <iostream>
#include <optional>

#include "analysis/study.hpp"
#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/fma_peak.hpp"
#include "cli/reference.hpp"
#include "cli/roles_file.hpp"
#include "cli/signals.hpp"
#include "cli/start_option.hpp"
#include "cli/study_report.hpp"
#include "cli/text.hpp"
#include "io/analysis_file.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/version.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "pairing/pairing.hpp"
#include "search/make_search.hpp"
#include "seeding/seeding.hpp"

namespace kintsugi::cli {

namespace {

/// "all", "none", or names by comma.
Value names(bool& all, std::vector<std::string>& chosen) {
  return {"all", [&all, &chosen](const std::string& given) {
            chosen.clear();
            all = given == "all";
            if (all || given == "none") return;
            for (std::size_t first = 0; first <= given.size();) {
              const std::size_t comma = std::min(given.find(',', first), given.size());
              if (comma == first) throw UsageError("expected all, none, or names by comma, got '" + given + "'");
              chosen.push_back(given.substr(first, comma - first));
              first = comma + 1;
            }
          }};
}

class AnalyzeCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "analyze"; }
  [[nodiscard]] std::string summary() const override {
    return "Studies a network: scores, starts, swaps, repair, searches";
  }
  [[nodiscard]] std::string description() const override {
    return "Works out, for a network and one of its starts, how far pair scores single pairs out, how good each start "
           "is, what swapping any two positions does, the Bradley-Terry order that follows from it, bubble repair "
           "round by round, and what other searches cost.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {
        {"kintsugi analyze problem.h5 --answer permutation.txt -o analysis.h5", "everything, beside a known answer"},
        {"kintsugi analyze problem.h5 --swaps screened --repair none --searches none",
         "only starts and swaps, in a fraction of the time"}};
  }
  [[nodiscard]] bool parallel() const override { return true; }
  void declare(OptionTable& options) override;
  [[nodiscard]] ExitCode run(const Settings& settings) override;

 private:
  void tell(const mpi::Comm& world, double peak, const StudyPart& part) const;
  /// On rank 0: the file and the tables. False where one of them cannot be written.
  [[nodiscard]] bool deliver(const Study& study, const Settings& settings) const;

  StudyOptions options_;
  std::filesystem::path problem_;
  std::filesystem::path answer_;
  std::filesystem::path output_;
  std::filesystem::path roles_;
  std::string swaps_ = "exact";
  std::string format_ = "table";
  ProblemFingerprint fingerprint_;  ///< on rank 0
  bool no_times_ = false;
  bool quiet_ = false;
};

void AnalyzeCommand::declare(OptionTable& options) {
  std::vector<std::string> scores{"auto"};
  for (const PairScoreKind kind : kPairScoreKinds) scores.emplace_back(to_string(kind));
  options.argument("problem", "PROBLEM", "the problem file (problem.h5)", input_path(problem_));
  options.option("answer", "ANSWER", "a solution.h5 or a text file; orders are compared with it", input_path(answer_));
  options.option("output,o", "FILE", "write the study's data sets to this file (analysis.h5)", output_path(output_));
  options.option("rows", "R", "starts, swaps and repairs are worked out on the first R rows; 0: all. Errors are of all",
                 integer(options_.work_rows, std::int64_t{0}));
  options.option("pairing", "SCORE", "what the pairing goes by: " + join(scores, ", "),
                 choice(options_.pairing, scores));
  options.option("roles", "FILE",
                 "text file with the numbers of the expand pieces, by comma, where shapes leave the roles open",
                 input_path(roles_));
  declare_start(
      options, "NAME",
      "the start whose positions are swapped and where the searches start: " + join(study_start_names(), ", "),
      choice(options_.start, study_start_names()));
  options.option("swaps", "HOW", "exact: evaluate every swap; screened: to first order, in a fraction of the time",
                 choice(swaps_, {"exact", "screened"}));
  options.option("temperature", "T", "of the Bradley-Terry labels; 0: the median size of neighbours' gains",
                 number(options_.temperature, 0));
  options.option("repair", "LIST", "bubble repair from all starts and bradley-terry, from those named, or none",
                 names(options_.repair_all, options_.repair_from));
  options.option("searches", "LIST",
                 "searches to run beside it: all, none, or of " + join(search_names(), ", ") + " by comma",
                 names(options_.search_all, options_.searches));
  options.option("max-evaluations", "N", "of the whole network, for each repair and each search; 0: no limit",
                 integer(options_.max_evaluations, std::int64_t{0}));
  options.option("tolerance", "MSE", "mean squared error that counts as solved; 0: estimated from the data",
                 number(options_.tolerance, 0));
  options.option("seed", "N", "of all random numbers", unsigned_integer(options_.seed));
  options.option("format", "KIND", "what goes to stdout: table or json", choice(format_, {"table", "json"}));
  options.toggle("no-times", "leave host, date and command line out of the file, so that files can be compared",
                 no_times_);
  options.toggle("quiet,q", "no times and rates on stderr, errors only", quiet_);
}

void AnalyzeCommand::tell(const mpi::Comm& world, double peak, const StudyPart& part) const {
  std::string line = format("%-16s %8.3f s", part.name.c_str(), part.seconds);
  if (part.flops > 0 && part.seconds > 0) {
    const double rate = part.flops / part.seconds / 1e9;
    line +=
        format("  %9.1f GFLOP, %6.1f GFLOP/s, %4.1f %% of %s at the peak", part.flops / 1e9, rate,
               100 * rate / (peak * world.size()), count_of(static_cast<std::size_t>(world.size()), "core").c_str());
  }
  std::cerr << line + "\n";
}

bool AnalyzeCommand::deliver(const Study& study, const Settings& settings) const {
  bool complete = true;
  try {
    const Origin origin = origin_of_run(!no_times_);
    if (!output_.empty()) {
      write_study(output_, study,
                  {problem_.string(), settings.as_ini(), version(), fingerprint_, revision(), origin.host, origin.date,
                   origin.launch});
    }
  } catch (const Error& error) {
    std::cerr << "kintsugi: error: " + printable(error.what()) + "\n";
    complete = false;
  }
  if (format_ == "json") {
    print_study_json(std::cout, study);
  } else {
    print_study(std::cout, study);
  }
  std::cout << std::flush;
  if (!std::cout) {
    std::cerr << "kintsugi: error: standard output cannot be written\n";
    complete = false;
  }
  return complete;
}

ExitCode AnalyzeCommand::run(const Settings& settings) {
  note_signals();
  const mpi::Comm world = mpi::Comm::world();
  const mpi::SharedStop stop(world, stop_sources(world.root() && !quiet_));
  std::optional<ProblemFile> rows;
  Network network;
  options_.exact = swaps_ == "exact";
  world.agree([&] {
    if (!roles_.empty()) options_.given_expand = read_roles_file(roles_);
    rows.emplace(problem_);
    require_predictions(*rows, problem_);
    if (!world.root()) return;
    network = rows->network();
    fingerprint_ = problem_fingerprint(network, *rows);
    if (answer_.empty()) return;
    require_same_problem(answer_, fingerprint_);
    const NetworkF64 pieces = rows->network_f64();
    options_.answer = to_assembly(pieces, read_answer(answer_), answer_.string());
    check_assembly(pieces, *options_.answer, rows->shape(), answer_.string());
  });
  constexpr double kPeakMilliseconds = 20;
  const double peak = quiet_ ? 0 : measure_fma_peak(kPeakMilliseconds);
  const Study study = study_network(world, network, *rows, options_, [&](const StudyPart& part) {
    if (!quiet_) tell(world, peak, part);
  });
  std::vector<int> complete{1};
  if (world.root()) complete[0] = deliver(study, settings) ? 1 : 0;
  world.broadcast(complete);
  return complete[0] == 1 ? ExitCode::success : ExitCode::internal;
}

}  // namespace

std::unique_ptr<Command> make_analyze_command() { return std::make_unique<AnalyzeCommand>(); }

}  // namespace kintsugi::cli
