#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "kintsugi/core/solution.hpp"
#include "kintsugi/search/iterated.hpp"
#include "kintsugi/search/options.hpp"

namespace kintsugi {

/// One island's search, its clock and its log. Members are collective over the evaluator's ranks.
class Island {
 public:
  /// `target`: MSE on all rows that counts as solved.
  Island(int number, Evaluator& evaluator, FirstOrderModel& model, const SolveOptions& options, double target,
         const std::set<int>& doubtful);

  /// Begins at `seed`, judged on a sample of its own; the search goes on with the first `tiles` tiles.
  void start(const Candidate& seed, std::size_t tiles);

  /// Steps until `work` more (blocks times tiles, see Evaluator::work) is done, at least one step, or until it is
  /// solved or gives up.
  void advance(std::int64_t work);

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool solved() const noexcept { return solved_; }
  /// No step of its search leads on.
  [[nodiscard]] bool finished() const noexcept { return solved_ || stuck_; }
  [[nodiscard]] const Candidate& best() const noexcept { return search_->best(); }
  /// The best order's error on all rows; evaluated once.
  [[nodiscard]] const Evaluator::Check& final_check();
  /// Seconds in checks on all rows.
  [[nodiscard]] double check_seconds() const noexcept { return check_seconds_; }
  /// Evaluations of this island so far.
  [[nodiscard]] std::int64_t evaluations() const noexcept { return evaluator_->to_evaluations(block_evaluations_); }
  /// The log's rows since the last call.
  [[nodiscard]] std::vector<TrajectoryRow> take_rows();

 private:
  void log(const StepReport& report);
  void check_all_rows();
  /// With heavy internal checks: the claimed error is recomputed, and equal on all ranks.
  void audit();

  int number_;
  Evaluator* evaluator_;
  double target_;
  std::unique_ptr<IteratedSearch> search_;
  std::int64_t steps_ = 0;
  std::int64_t block_evaluations_ = 0;  // the evaluator's count is that of all islands that take turns at it
  bool solved_ = false;
  bool stuck_ = false;
  Blocks checked_;  // the order that check_ is of
  Evaluator::Check check_;
  double check_seconds_ = 0;
  std::vector<TrajectoryRow> rows_;
};

}  // namespace kintsugi
