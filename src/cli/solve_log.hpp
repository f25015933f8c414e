#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/memory.hpp"
#include "cli/settings.hpp"
#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "io/checkpoint_lock.hpp"
#include "kintsugi/core/exit_code.hpp"
#include "kintsugi/io/checkpoint_file.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// What a log starts with.
struct SolveHeader {
  std::string version;
  std::string build;
  std::string gemm_backend;
  std::string host;
  int ranks = 1;
  int islands = 1;
  std::uint64_t seed = 1;
  std::vector<Setting> given;             ///< the options that somebody set
  std::vector<ChangedParameter> changed;  ///< the parameters that are not at their default
  std::string problem;                    ///< path as the user gave it
  RowShape rows;
};

/// The log of a solve on rank 0: header, what the solver reports, and how it ended. The base class says nothing, which
/// is what the other ranks and --quiet want.
class SolveLog : public SolveObserver {
 public:
  /// Comes first. `network` must outlive the log.
  virtual void begin(const SolveHeader& /*header*/, const Network& /*network*/) {}
  /// Comes before the last, and not without times: runs differ in this.
  virtual void on_memory(const MemoryUse& /*use*/) {}
  /// Comes last. `written`: where the solution went, or empty.
  virtual void finish(const Solution& /*solution*/, ExitCode /*code*/, const std::string& /*written*/) {}
  bool checkpoint_due() override;
  void on_checkpoint(const SearchState& state) override;
  void on_copied_weights(std::size_t bytes) override;
  bool order_due() override;
  void on_step(const TrajectoryEntry& entry) override;
  void on_solution_so_far(const Solution& solution) override;
  /// The best order is given to `write` from now on: at the first step, then where it is a better one, at most every
  /// few seconds, and where the search is stopped.
  void keep_orders(std::function<void(const Solution&)> write);
  /// States are written to `path` from now on, every `interval` seconds and where the search is stopped.
  /// `lock` is held as long as the log lives.
  void keep_checkpoints(std::filesystem::path path, CheckpointKey key, double interval,
                        std::unique_ptr<CheckpointLock> lock);
  /// Says it, and keeps it for the solution file.
  void warn(const std::string& text);
  /// What warn() was given, each text once.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  /// Says at once that the run is to end.
  virtual void on_stop(StopReason /*reason*/) {}
  /// Says where the search goes on from, or that it does not.
  virtual void on_resume(const std::string& /*text*/) {}

 private:
  virtual void on_warning(const std::string& /*text*/) {}

  std::vector<std::string> warnings_;
  std::filesystem::path checkpoint_;
  CheckpointKey key_;
  std::unique_ptr<CheckpointLock> lock_;
  double interval_ = 0;
  Stopwatch since_checkpoint_;
  std::function<void(const Solution&)> write_order_;
  Stopwatch since_order_;
  bool better_order_ = false;
  bool wrote_order_ = false;
  std::map<std::int64_t, double> best_by_rows_;
};

/// How a log is written.
struct LogStyle {
  bool times = true;      ///< false: leave out times and what else differs between runs of one problem: host, ranks
  bool terminal = false;  ///< a progress line is kept up to date in place
};

/// A keyed table for people. Lines come at most so often that a long run stays readable, but a new best, the first line
/// of a sample and the last line always; without times every line comes.
[[nodiscard]] std::unique_ptr<SolveLog> make_table_log(std::ostream& out, LogStyle style);

/// One JSON object per line, every line of the trajectory included.
[[nodiscard]] std::unique_ptr<SolveLog> make_json_log(std::ostream& out, LogStyle style);

/// How a solve ended, as a sentence.
[[nodiscard]] std::string describe_end(const Solution& solution);

/// How sure the order of neighbours is, as sentences; none where there are no margins.
[[nodiscard]] std::vector<std::string> describe_margins(const Solution& solution, const Network& network);

/// A sentence for each class of blocks of the answer that are equal number by number.
[[nodiscard]] std::vector<std::string> describe_copies(const Solution& solution, const Network& network);

/// What the weights alone say of the order, as sentences; none where no line was sought.
[[nodiscard]] std::vector<std::string> describe_line(const WeightsLine& line);

/// How far each block's place may be off in an answer by the weights, and the answer from the other end; none for
/// others.
[[nodiscard]] std::vector<std::string> describe_places(const Solution& solution);

/// Smallest score margin of the pairs and how many are untrusted.
struct PairSummary {
  const PairScore* worst = nullptr;  ///< null without pairs
  std::size_t untrusted = 0;
};
[[nodiscard]] PairSummary summarize(const std::vector<PairScore>& pairs);

/// Lowest and highest hidden size of the blocks.
struct HiddenRange {
  std::size_t lowest = 0;
  std::size_t highest = 0;
};
[[nodiscard]] HiddenRange hidden_range(const Network& network, const Roles& roles);

}  // namespace kintsugi::cli
