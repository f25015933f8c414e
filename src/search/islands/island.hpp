#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/solution.hpp"
#include "objective/error_floor.hpp"
#include "search/island_search.hpp"
#include "search/islands/noise_test.hpp"
#include "search/islands/replacement.hpp"
#include "search/make_search.hpp"

namespace kintsugi {

/// One island: its search, what it knows of its best order, and its log. Members are collective over the evaluator's
/// ranks unless they are const or said not to be.
class Island {
 public:
  /// `search`: its name. `floor` says which error counts as solved, and must outlive the object.
  Island(const std::string& search, const SearchContext& context, const ErrorFloor& floor);

  /// Begins at `start`, judged on a sample of its own; the search goes on with the first `tiles` tiles.
  void begin(const ScoredOrder& start, std::size_t tiles);

  /// Steps until `work` more (blocks times tiles, see Evaluator::work) is done, at least one step, or until it is
  /// solved or gives up.
  void advance(std::int64_t work);

  /// Goes on from the best of other islands' orders, where `rule` says so.
  void receive(std::span<const Blocks> migrants, const Replacement& rule);
  /// Orders that the search may cross its own with. Not collective.
  void set_elites(const std::vector<Blocks>& elites) { search_->set_elites(elites); }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool solved() const noexcept { return solved_; }
  /// The error of its best order is noise as far as can be told, or the pieces' precision explains it.
  /// Only after it has withstood enough on all rows: a sample may be overfitted.
  [[nodiscard]] bool noise() const {
    return best().tiles == evaluator_->rows().tiles() &&
           search_->idle_perturbations() >= (grown_ ? growth_patience() : parameters_.noise_patience) &&
           noise_.found_floor(best().blocks);
  }
  /// No step of its search leads on.
  [[nodiscard]] bool finished() const { return solved_ || stuck_ || noise(); }
  [[nodiscard]] const ScoredOrder& best() const { return search_->best(); }
  /// The best order's error on all rows; evaluated once.
  [[nodiscard]] const Evaluator::Check& final_check();
  /// The same where it is known already, else null. Not collective.
  [[nodiscard]] const Evaluator::Check* known_check() const {
    return check_.blocks == best().blocks && !check_.blocks.empty() ? &check_.check : nullptr;
  }
  /// What rounding explains of its errors on all rows; judged once.
  [[nodiscard]] const RoundingVerdict& verdict();
  /// Seconds in checks on all rows.
  [[nodiscard]] double check_seconds() const noexcept { return check_.seconds; }
  /// Evaluations of this island so far.
  [[nodiscard]] std::int64_t evaluations() const noexcept { return evaluator_->to_evaluations(block_evaluations_); }
  /// The log's entries since the last call. Not collective.
  [[nodiscard]] std::vector<TrajectoryEntry> take_entries();
  /// Not collective. The log's entries must have been taken.
  void state(StateArchive& archive);

 private:
  /// The error on all rows of the order that was checked last.
  struct CheckedOrder {
    Blocks blocks;
    Evaluator::Check check;
    std::optional<RoundingVerdict> verdict;
    double seconds = 0;  // in all checks
  };

  void log(Event event, std::int64_t moves = 0);
  void check_all_rows();
  /// Perturbations and rounds that an order withstands on each sample before the next larger one. What has grown so to
  /// all rows needs no more there for a verdict.
  [[nodiscard]] std::int64_t growth_patience() const { return (parameters_.noise_patience + 2) / 3; }
  /// Goes on from the best order on a larger sample; not where that is all rows already.
  void grow();
  /// With heavy internal checks: the claimed error is recomputed, and equal on all ranks.
  void audit();

  int number_;
  Evaluator* evaluator_;
  const ErrorFloor* floor_;
  std::unique_ptr<IslandSearch> search_;
  IslandParameters parameters_;
  NoiseTest noise_;
  CheckedOrder check_;
  std::int64_t steps_ = 0;
  std::int64_t block_evaluations_ = 0;  // the evaluator's count is that of all islands that take turns at it
  bool solved_ = false;
  bool stuck_ = false;
  bool grown_ = false;  // the sample, at least once
  std::vector<TrajectoryEntry> entries_;
};

}  // namespace kintsugi
