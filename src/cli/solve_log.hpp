#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/live_page.hpp"
#include "cli/log_writer.hpp"
#include "core/stopwatch.hpp"
#include "io/checkpoint_lock.hpp"
#include "kintsugi/core/exit_code.hpp"
#include "kintsugi/io/checkpoint_file.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// All logs of a solve, and what is kept while it runs: checkpoints, the best order. Without a log, which is what the
/// other ranks and --quiet want, it says nothing.
class SolveLog : public SolveObserver {
 public:
  /// `log` is told all that happens from now on.
  void add(std::unique_ptr<LogWriter> log) { logs_.push_back(std::move(log)); }
  void begin(const SolveHeader& header, const Network& network);
  void on_memory(const MemoryUse& use);
  void finish(const Solution& solution, const SolveEnding& ending);
  /// What is being done, for those who look on; what a solver reports changes it.
  void doing(std::string what) { progress_.doing(std::move(what)); }
  void on_stop(StopReason reason);
  void on_resume(const std::string& text);
  /// False where a log could not be written.
  [[nodiscard]] bool good() const;

  void on_roles(const Roles& roles) override;
  void on_settled_roles(const SettledRoles& settled) override;
  void on_pairs(const std::vector<PairScore>& pairs) override;
  void on_line(const WeightsLine& line) override;
  void on_starts(const std::vector<StartOrder>& starts) override;
  void on_exchange(const ExchangeReport& report) override;
  bool stop_at_once() override;
  bool checkpoint_due() override;
  void on_checkpoint(const SearchState& state) override;
  void on_copied_weights(std::size_t bytes) override;
  bool order_due() override;
  void on_step(const TrajectoryEntry& entry) override;
  void on_solution_so_far(const Solution& solution) override;
  /// The best order is given to `write` from now on: at the first step, then where it is a better one, at most every
  /// few seconds, and where the search is stopped.
  void keep_orders(std::function<void(const Solution&)> write);
  /// The page is renewed from now on, and once more by finish_page().
  void keep_page(std::unique_ptr<LivePage> page) { page_ = std::move(page); }
  /// Throws Error where the last page cannot be written.
  void finish_page(const Solution& solution);
  /// States are written to `path` from now on, every `interval` seconds and where the search is stopped.
  /// `lock` is held as long as the log lives.
  void keep_checkpoints(std::filesystem::path path, CheckpointKey key, double interval,
                        std::unique_ptr<CheckpointLock> lock);
  /// Says it, and keeps it for the solution file.
  void warn(const std::string& text);
  /// What warn() was given, each text once.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  [[nodiscard]] bool file_due() const;
  void write_order(const Solution& solution);
  void renew_page(const Solution& solution);

  std::vector<std::unique_ptr<LogWriter>> logs_;
  std::unique_ptr<LivePage> page_;
  Progress progress_;
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

/// How a solve ended, as a sentence.
[[nodiscard]] std::string describe_end(const Solution& solution);

/// The same without figures: "solved: every prediction is reproduced up to rounding".
[[nodiscard]] std::string describe_status(const Solution& solution);
/// Its error, on how many rows, and what would count as solved where it is not.
[[nodiscard]] std::string describe_error(const Solution& solution);

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
