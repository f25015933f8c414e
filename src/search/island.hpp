#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "kintsugi/core/solution.hpp"
#include "kintsugi/search/options.hpp"
#include "objective/error_floor.hpp"
#include "objective/residual_test.hpp"
#include "search/iterated.hpp"
#include "search/migration.hpp"

namespace kintsugi {

/// One island's search, its clock and its log. Members are collective over the evaluator's ranks.
class Island {
 public:
  /// `floor` says which error counts as solved.
  Island(int number, Evaluator& evaluator, LinearModel& model, const SearchOptions& options, const ErrorFloor& floor,
         const std::set<int>& doubtful);

  /// Begins at `seed`, judged on a sample of its own; the search goes on with the first `tiles` tiles.
  void start(const Candidate& seed, std::size_t tiles);

  /// Steps until `work` more (blocks times tiles, see Evaluator::work) is done, at least one step, or until it is
  /// solved or gives up.
  void advance(std::int64_t work);

  /// Goes on from the best of other islands' orders, where `rule` says so.
  void receive(std::span<const Blocks> migrants, const Replacement& rule);
  /// Orders that the search may cross its own with.
  void set_elites(const std::vector<Blocks>& elites) { search_->set_elites(elites); }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool solved() const noexcept { return solved_; }
  /// The error of its best order is noise, as far as can be told.
  [[nodiscard]] bool noise() const { return explained_.noise && questioned_ == best().blocks; }
  /// No step of its search leads on.
  [[nodiscard]] bool finished() const { return solved_ || stuck_ || noise(); }
  [[nodiscard]] const Candidate& best() const noexcept { return search_->best(); }
  /// The best order's error on all rows; evaluated once.
  [[nodiscard]] const Evaluator::Check& final_check();
  /// Seconds in checks on all rows.
  [[nodiscard]] double check_seconds() const noexcept { return check_seconds_; }
  /// Evaluations of this island so far.
  [[nodiscard]] std::int64_t evaluations() const noexcept { return evaluator_->to_evaluations(block_evaluations_); }
  /// The log's rows since the last call.
  [[nodiscard]] std::vector<TrajectoryEntry> take_entries();

  /// Not collective. The log's rows must have been taken.
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  void log(const StepReport& report);
  void check_all_rows();
  /// Asks of each best order that has withstood some kicks, once, whether its error is noise.
  void check_noise();
  /// With heavy internal checks: the claimed error is recomputed, and equal on all ranks.
  void audit();

  int number_;
  Evaluator* evaluator_;
  LinearModel* model_;
  const ErrorFloor* floor_;
  std::unique_ptr<IteratedSearch> search_;
  std::int64_t steps_ = 0;
  std::int64_t block_evaluations_ = 0;  // the evaluator's count is that of all islands that take turns at it
  bool solved_ = false;
  bool stuck_ = false;
  Blocks checked_;  // the order that check_ is of
  Evaluator::Check check_;
  Blocks questioned_;  // the order that was last asked for noise
  ResidualTest explained_;
  double check_seconds_ = 0;
  std::vector<TrajectoryEntry> rows_;
};

}  // namespace kintsugi
