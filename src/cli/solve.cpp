// kintsugi solve: the answer on stdout, the log on stderr, everything else in the solution file.

#include "kintsugi/solve.hpp"

#include <algorithm>
#include <iostream>
#include <limits>
#include <optional>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/diagnosis.hpp"
#include "cli/log_option.hpp"
#include "cli/parameters_file.hpp"
#include "cli/puzzle_run.hpp"
#include "cli/reference.hpp"
#include "cli/roles_file.hpp"
#include "cli/signals.hpp"
#include "cli/solve_log.hpp"
#include "cli/solve_values.hpp"
#include "cli/start_option.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "core/stopwatch.hpp"
#include "io/atomic_file.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/version.hpp"
#include "kintsugi/io/checkpoint_file.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "pairing/pairing.hpp"
#include "search/islands/topology.hpp"
#include "search/make_search.hpp"

namespace kintsugi::cli {

namespace {

/// Seconds that a problem file, start or checkpoint may still be read after a stop, since solve() then makes an order
/// of what is there.
constexpr double kForReading = 1;

/// Seconds after a stop in which a diagnosis may be sought.
constexpr double kForDiagnosis = 0.8;

/// Seconds: what comes after the reading is solve(), which listens for itself, and what is to be finished.
constexpr double kToTheEnd = 1e6;

/// MPI may take a while to start.
const Stopwatch since_process_start;

/// What is left of a limit of the command's time; 0: none.
double left_of(double limit) {
  constexpr double kLeast = 1e-9;
  return limit > 0 ? std::max(kLeast, limit - since_process_start.seconds()) : 0;
}

ExitCode exit_code(Status status) {
  switch (status) {
    case Status::solved:
    case Status::precision:
    case Status::noise:
    case Status::by_weights: return ExitCode::success;
    case Status::reproduced:
    case Status::not_solved: return ExitCode::not_solved;
    case Status::time_limit:
    case Status::evaluations:
    case Status::interrupted:
    case Status::unfinished: return ExitCode::stopped;
  }
  throw InternalError("unknown status value");
}

/// Throws UsageError where there is a file already that is no checkpoint of such a run as this.
void keep_from_harm(const std::filesystem::path& checkpoint, const CheckpointKey& key) {
  std::error_code ignored;
  if (!std::filesystem::exists(checkpoint, ignored)) return;
  try {
    static_cast<void>(read_checkpoint(checkpoint, key));
  } catch (const InputError& error) {
    throw UsageError(std::string(error.what()) + "; give another name, or --force to write over it");
  }
}

void leave_out_times(Solution& solution) {
  solution.times = {};
  for (TrajectoryEntry& row : solution.trajectory) row.seconds = 0;
}

class SolveCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "solve"; }
  [[nodiscard]] std::string summary() const override {
    return "Finds which piece goes where, and prints the permutation";
  }
  [[nodiscard]] std::string description() const override {
    return "Finds pairs, order and head of the pieces. The permutation goes to standard output, the log with its "
           "verdict to standard error, everything else into the solution file. Under mpirun the work is shared by all "
           "ranks; the answer does not depend on their number. SIGUSR1, SIGTERM and Ctrl-C end it with the best order "
           "so far.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi solve FOLDER",
             "pieces and table in a folder: problem.h5, solution.h5 and solved.pth are written there"},
            {"mpirun -np 4 kintsugi solve problem.h5 -o solution.h5 >permutation.txt", "on four cores"},
            {"kintsugi solve problem.h5 --log table --log json:run.jsonl --live page.html",
             "a log for people, one for programs, and a page to look at meanwhile"},
            {"kintsugi solve problem.h5 --time-limit 1h30m --checkpoint run.h5 --resume",
             "a long search that goes on where it was stopped"}};
  }
  [[nodiscard]] bool parallel() const override { return true; }
  void declare(OptionTable& options) override;
  [[nodiscard]] const Parameters* parameters() const override { return &options_.parameters; }
  [[nodiscard]] ExitCode run(const Settings& settings) override;

 private:
  void declare_search(OptionTable& options);
  /// Opens the problem file on all ranks, after importing what is none; `network` is rank 0's. Collective.
  void load(const mpi::Comm& world, std::optional<ProblemFile>& rows, Network& network);
  /// Finds the activation of what was imported; and what the problem is, on rank 0.
  /// Collective.
  void settle_problem(const mpi::Comm& world, Network& network, std::optional<ProblemFile>& rows, SolveLog& log);
  /// Throws UsageError where --activation is another than the problem file's.
  void check_activation(Activation stored) const;
  /// What --start and --roles name goes into the options. Every rank reads for itself.
  void read_files();
  /// On rank 0: has the log write checkpoints, and finds the state to go on from.
  [[nodiscard]] std::optional<SearchState> prepare_checkpoints(const Network& network, RowSource& rows, SolveLog& log);
  /// Collective. `state` on rank 0, or null.
  [[nodiscard]] Solution solve_from(const mpi::Comm& world, const Network& network, RowSource& rows, SolveLog& log,
                                    const SearchState* state) const;
  /// On rank 0: has the log write the best order so far to the solution file, and renew the page.
  void keep_orders(const mpi::Comm& world, const Network& network, const Settings& settings, SolveLog& log) const;
  [[nodiscard]] std::unique_ptr<SolveLog> make_log(bool root) const;
  [[nodiscard]] SolveHeader header(const mpi::Comm& world, const Settings& settings, const RowShape& rows) const;
  [[nodiscard]] RunFacts facts(const mpi::Comm& world, const Settings& settings, ExitCode code) const;
  /// On rank 0: the files, the end of the logs, the answer on stdout. Returns the exit code: `facts`', or
  /// ExitCode::internal where one of them cannot be written.
  [[nodiscard]] ExitCode deliver(const mpi::Comm& world, const Network& network, const Solution& solution,
                                 const RunFacts& facts, const ProblemFile& rows, SolveLog& log);

  SolveOptions options_;
  ProblemFingerprint fingerprint_;  ///< on rank 0
  std::filesystem::path given_start_;
  std::filesystem::path problem_;
  std::filesystem::path output_;
  std::filesystem::path roles_;
  std::string activation_ = "auto";
  std::optional<PuzzleRun> puzzle_;  ///< where PROBLEM is no problem file
  std::vector<LogChoice> logs_{{"table", {}}};
  std::filesystem::path live_;
  std::filesystem::path checkpoint_;
  std::string resumed_from_;
  double interval_ = 60;
  bool resume_ = false;
  bool force_ = false;
  bool allow_extra_ = false;
  bool no_times_ = false;
  bool quiet_ = false;
};

void SolveCommand::declare(OptionTable& options) {
  std::vector<std::string> scores{"auto"};
  for (const PairScoreKind kind : kPairScoreKinds) scores.emplace_back(to_string(kind));
  options.argument("problem", "PROBLEM",
                   "the problem file (problem.h5); or what import reads, a folder, archive or file of pieces with its "
                   "table: then problem.h5, solution.h5 and the network put together are written beside it",
                   input_path(problem_));
  options.option("output,o", "FILE",
                 "write the solution, with scores and trajectory, to this file (solution.h5), and the best order so "
                 "far while the search goes on",
                 output_path(output_));
  options.option("seed", "N", "of all random numbers", unsigned_integer(options_.seed));
  options.option("islands", "N", "groups of ranks that search on their own; auto: by the number of blocks",
                 islands(options_.islands));
  options.option("topology", "NAME",
                 "from which other islands an island may take orders over: " + join(topology_names(), ", "),
                 choice(options_.topology, topology_names()));
  options.option("grid", "CxR", "ranks of an island as candidate groups x row groups, or auto", grid(options_));
  options.option("pairing", "SCORE", "what the pairing goes by: " + join(scores, ", "),
                 choice(options_.pairing, scores));
  declare_start(
      options, "NAME|FILE",
      "where the search starts: " + join(start_choices(), ", ") + ", or a file with an answer (solution.h5 or text)",
      start_or_file(options_.start));
  options.option(
      "activation", "NAME",
      "of pieces that are no problem file yet: auto, " + activation_names() + "; auto tries all, and fits the slope",
      activation_or(activation_, "auto"));
  options.toggle("allow-extra",
                 "of pieces that are no problem file yet: leave out those that belong to nothing, by shape, weights or "
                 "the data, and say which",
                 allow_extra_);
  options.option("roles", "FILE",
                 "text file with the numbers of the expand pieces, by comma, where shapes leave the roles open",
                 input_path(roles_));
  options.toggle("without-predictions",
                 "order the blocks by their weights alone, even if there are no rows or no predictions: the smoothest "
                 "line, in one of its two directions",
                 options_.without_predictions);
  declare_search(options);
  options.option("log", "KIND[:FILE]",
                 "table, json (one object per line) or off, on standard error; json:FILE goes into a file beside that",
                 log_choices(logs_));
  options.may_be_repeated();
  options.option(
      "live", "FILE",
      "renew a page (page.html) while the solve runs, to be opened in a browser from the disk: it loads itself "
      "anew until the end, or until the solve is gone",
      output_path(live_, {".solution"}));
  options.option("checkpoint", "FILE", "keep the state of the search in this file, and the one before in FILE.previous",
                 output_path(checkpoint_, {".previous", ".next", ".lock"}));
  options.option("checkpoint-interval", "TIME", "between two checkpoints: 90, 90s, 10m", duration(interval_));
  options.toggle("resume", "go on from the checkpoint, if there is one", resume_);
  options.toggle("force", "write over the checkpoint of another run, without --resume", force_);
  options.toggle("no-times",
                 "leave out times, host and number of ranks, so that logs and solutions of two runs can be compared",
                 no_times_);
  options.toggle("quiet,q", "no log, errors only", quiet_);
}

void SolveCommand::declare_search(OptionTable& options) {
  options.option("search", "NAME", "the search: " + join(search_names(), ", "),
                 choice(options_.search, search_names()));
  options.option("sample-rows", "N", "rows of the first sample; 0: chosen",
                 integer(options_.sample_rows, std::int64_t{0}, kMostRows));
  options.option("time-limit", "TIME", "wall time of the command: 90, 10m, 1h30m, 1d, 00:05:00; 0: none",
                 duration(options_.time_limit));
  options.option("max-evaluations", "N", "exact evaluations of the whole network; 0: no limit",
                 integer(options_.max_evaluations, std::int64_t{0}));
  options.option("tolerance", "MSE", "mean squared error that counts as solved; 0: estimated from the data",
                 number(options_.tolerance, 0));
  options.option("memory", "SIZE",
                 "what the tables of the search may take of each rank's memory: 500M, 2G, 2GiB; an island's tables "
                 "take no more together, so that the answer does not depend on its ranks",
                 bytes(options_.memory));
  declare_parameters(options, options_.parameters);
}

void SolveCommand::read_files() {
  if (!is_start_name(options_.start)) {
    given_start_ = options_.start;
    options_.given_permutation = read_answer(given_start_);
    options_.start = "given";
  }
  if (!roles_.empty()) options_.given_expand = read_roles_file(roles_);
  if (options_.without_predictions && !checkpoint_.empty())
    throw UsageError("--checkpoint is of a search, and --without-predictions searches nothing: leave one of them out");
}

std::optional<SearchState> SolveCommand::prepare_checkpoints(const Network& network, RowSource& rows, SolveLog& log) {
  if (checkpoint_.empty()) {
    if (resume_) throw UsageError("--resume needs --checkpoint FILE: where to go on from");
    return std::nullopt;
  }
  checkpoint_ = follow_links(checkpoint_);
  auto lock = std::make_unique<CheckpointLock>(checkpoint_);
  const CheckpointKey key = checkpoint_key(network, rows, options_);
  if (!resume_ && !force_) keep_from_harm(checkpoint_, key);
  log.keep_checkpoints(checkpoint_, key, interval_, std::move(lock));
  if (!resume_) return std::nullopt;
  std::optional<FoundCheckpoint> found = find_checkpoint(checkpoint_, key);
  if (!found) {
    log.on_resume("there is no checkpoint " + checkpoint_.string() + " yet: from the beginning");
    return std::nullopt;
  }
  if (!found->passed_over.empty()) log.warn(found->passed_over + "; the one before is taken");
  resumed_from_ = found->path.string();
  log.on_resume(format("from %s, after %.1f s of search", found->path.c_str(), found->state.seconds));
  return std::move(found->state);
}

void SolveCommand::keep_orders(const mpi::Comm& world, const Network& network, const Settings& settings,
                               SolveLog& log) const {
  if (!live_.empty()) {
    const auto write = [this, &world, &network, &settings](const Solution& solution,
                                                           const std::filesystem::path& path) {
      write_solution(path, network, solution, facts(world, settings, ExitCode::stopped));
    };
    log.keep_page(std::make_unique<LivePage>(live_, write));
  }
  if (output_.empty()) return;
  log.keep_orders([this, &world, &network, &settings](const Solution& so_far) {
    Solution solution = so_far;
    if (no_times_) leave_out_times(solution);
    write_solution(output_, network, solution, facts(world, settings, ExitCode::stopped));
  });
}

std::unique_ptr<SolveLog> SolveCommand::make_log(bool root) const {
  auto log = std::make_unique<SolveLog>();
  if (!root) return log;
  const Screen screen = screen_of_errors();
  const LogStyle style{
      .times = !no_times_, .terminal = screen.terminal, .colour = screen.colour, .columns = screen.columns};
  for (const LogChoice& choice : logs_) {
    if (!choice.file.empty()) {
      log->add(make_json_log(choice.file, resume_, style));
    } else if (!quiet_ && choice.kind != "off") {
      log->add(choice.kind == "json" ? make_json_log(std::cerr, style) : make_table_log(std::cerr, style));
    }
  }
  return log;
}

SolveHeader SolveCommand::header(const mpi::Comm& world, const Settings& settings, const RowShape& rows) const {
  return {.version = full_version(),
          .build = build_description(),
          .gemm_backend = std::string(kernels::to_string(kernels::gemm_backend())),
          .host = host_name(),
          .ranks = world.size(),
          .islands = options_.islands,
          .seed = options_.seed,
          .given = settings.given(),
          .changed = changed_parameters(options_.parameters),
          .problem = problem_.string(),
          .rows = rows};
}

RunFacts SolveCommand::facts(const mpi::Comm& world, const Settings& settings, ExitCode code) const {
  const Origin origin = origin_of_run(!no_times_);
  return {.problem = problem_.string(),
          .options = settings.as_ini(),
          .version = version(),
          .revision = revision(),
          .parameters = fingerprint(options_.parameters),
          .ranks = no_times_ ? 0 : world.size(),
          .islands = options_.islands,
          .seed = options_.seed,
          .exit_code = static_cast<int>(code),
          .fingerprint = fingerprint_,
          .host = origin.host,
          .date = origin.date,
          .launch = origin.launch};
}

ExitCode SolveCommand::deliver(const mpi::Comm& world, const Network& network, const Solution& solution,
                               const RunFacts& facts, const ProblemFile& rows, SolveLog& log) {
  SolveEnding ending{.code = static_cast<ExitCode>(facts.exit_code)};
  const auto fail = [&](const std::string& what) {
    std::cerr << error_mark() + printable(what) + "\n";
    ending.code = ExitCode::internal;
  };
  const auto attempt = [&](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      fail(error.what());
    }
  };
  // The files first: a reader of stdout that has gone ends the process.
  attempt([&] {
    if (output_.empty()) return;
    write_solution(output_, network, solution, facts);
    ending.written = output_.string();
  });
  attempt([&] { log.finish_page(solution); });
  attempt([&] {
    if (puzzle_) ending.facts = puzzle_->finish(solution, rows, fingerprint_, world.size());
  });
  if (!output_is_read()) ending.code = ExitCode::internal;
  log.finish(solution, ending);
  if (!log.good()) fail("a log could not be written");
  // The verdict stands before the answer, which may be the last thing on the same terminal.
  std::cout << format_permutation(solution.permutation) + "\n" << std::flush;
  if (!std::cout) fail("standard output cannot be written");
  return ending.code;
}

void SolveCommand::check_activation(Activation stored) const {
  if (activation_ == "auto" || parse_activation(activation_) == stored) return;
  throw UsageError("--activation is " + activation_ + ", but " + problem_.string() + " was imported with " +
                   std::string(to_string(stored)) + "; import it anew");
}

void SolveCommand::load(const mpi::Comm& world, std::optional<ProblemFile>& rows, Network& network) {
  world.agree([&] {
    read_files();
    if (is_problem_path(problem_)) {
      if (allow_extra_)
        throw UsageError("--allow-extra is for what is imported, and " + problem_.string() +
                         " is a problem file: import --allow-extra makes one");
      return;
    }
    be_patient_about_stop(0);  // importing may take long
    puzzle_.emplace(problem_, output_, activation_, !no_times_, options_.without_predictions, allow_extra_,
                    options_.parameters.grammar);
    if (world.root()) puzzle_->import();
  });
  world.agree([&] {
    rows.emplace(puzzle_ ? puzzle_->readable() : problem_);
    if (!options_.without_predictions) require_predictions(*rows, problem_);
    if (world.root()) network = rows->network();
    if (!puzzle_) check_activation(rows->activation());
  });
}

void SolveCommand::settle_problem(const mpi::Comm& world, Network& network, std::optional<ProblemFile>& rows,
                                  SolveLog& log) {
  if (puzzle_) {
    log.doing("trying activations");
    puzzle_->choose_activation(world, network, *rows, options_, log);
    const auto open_again = [&] {
      world.agree([&] {
        rows.emplace(puzzle_->problem());
        if (world.root()) network = rows->network();
      });
    };
    log.doing("finding which part belongs to which block");
    if (puzzle_->settle_parts(world, network.activation, *rows, options_, log)) open_again();
    if (puzzle_->leave_out_decoys(world, network, *rows, options_, log)) open_again();
    problem_ = puzzle_->problem();
    output_ = puzzle_->solution();
  }
  world.agree([&] {
    if (!world.root()) return;
    fingerprint_ = problem_fingerprint(network, *rows);
    if (!given_start_.empty()) require_same_problem(given_start_, fingerprint_);
  });
}

Solution SolveCommand::solve_from(const mpi::Comm& world, const Network& network, RowSource& rows, SolveLog& log,
                                  const SearchState* state) const {
  try {
    return solve(world, network, rows, options_, log, state);
  } catch (const InputError& error) {
    if (state == nullptr) throw;
    throw InputError(resumed_from_ + ": cannot be gone on from: " + error.what());
  }
}

ExitCode SolveCommand::run(const Settings& settings) {
  const Stopwatch since_start;
  note_signals();
  const mpi::Comm world = mpi::Comm::world();
  const std::unique_ptr<SolveLog> log = make_log(world.root());
  const mpi::SharedStop stop(world, {.seconds = left_of(options_.time_limit),
                                     .signalled = stop_signal_seen,
                                     .on_stop = [&](StopReason reason) { log->on_stop(reason); }});
  be_patient_about_stop(kForReading);
  std::optional<ProblemFile> rows;
  Network network;
  load(world, rows, network);
  const double loaded = since_start.seconds();

  settle_islands(world, network, options_);
  settle_problem(world, network, rows, *log);
  be_patient_about_stop(kForReading);
  std::optional<SearchState> state;
  world.agree([&] {
    if (!world.root()) return;
    log->begin(header(world, settings, rows->shape()), network);
    state = prepare_checkpoints(network, *rows, *log);
    keep_orders(world, network, settings, *log);
  });
  be_quiet_about_stop(kToTheEnd);
  options_.time_limit = 0;  // it counts from the start of the command
  Solution solution = solve_from(world, network, *rows, *log, state ? &*state : nullptr);
  solution.times.load += loaded;
  solution.times.total = since_start.seconds();
  if (no_times_) leave_out_times(solution);
  solution.warnings = log->warnings();
  be_quiet_about_stop(0);
  be_patient_about_stop(kForDiagnosis);
  world.agree([&] {
    if (world.root()) solution.diagnosis = diagnose(solution, network, *rows, options_.parameters);
  });
  be_quiet_about_stop(kToTheEnd);

  const MemoryUse memory = memory_use(world);
  if (world.root() && !no_times_) log->on_memory(memory);
  const ExitCode code = exit_code(solution.status);
  std::vector<int> delivered{0};
  if (world.root())
    delivered[0] = static_cast<int>(deliver(world, network, solution, facts(world, settings, code), *rows, *log));
  world.broadcast(delivered);
  return static_cast<ExitCode>(delivered[0]);
}

}  // namespace

std::unique_ptr<Command> make_solve_command() { return std::make_unique<SolveCommand>(); }

}  // namespace kintsugi::cli
