#pragma once

#include <vector>

#include "core/stopwatch.hpp"
#include "kintsugi/search/observer.hpp"
#include "kintsugi/search/options.hpp"
#include "objective/error_floor.hpp"
#include "search/islands/answer.hpp"
#include "search/islands/exchange.hpp"
#include "search/islands/group.hpp"
#include "search/islands/island.hpp"
#include "search/islands/stop_rule.hpp"

namespace kintsugi {

/// All islands of a run: the loop that has them search, exchange orders and stop together.
class Archipelago {
 public:
  /// Makes the islands. `floor` says which error counts as solved; `clues`: what the weights say. Group, floor and
  /// options must outlive the object. Collective. Throws UsageError for an unknown search or topology.
  Archipelago(IslandGroup& group, const ErrorFloor& floor, const SearchClues& clues, const SearchOptions& options);

  /// Islands begin at `starts` (island i at start i, over and over), on samples of `tiles` tiles. Collective.
  void begin(const std::vector<ScoredOrder>& starts, std::size_t tiles);
  /// Or they go on from a state of an earlier run, which rank 0 has. Collective; throws InputError on all ranks where
  /// the state is not one of these islands.
  void resume(const SearchState* state);

  /// Searches until an island has solved the problem, no search leads on, or a limit, the observer or the StopListener
  /// says stop. Returns the best order by its error on all rows; fills in status, trajectory, elites, evaluations, mse,
  /// rows, largest_error, margins, what the noise test found, and times of `solution`. The step that a StopListener
  /// interrupts is abandoned, and the final checks are as far as they get in less than a second: `rows` says whether
  /// `mse` is of all. Collective over the world; equal results everywhere.
  [[nodiscard]] Blocks search(SearchObserver& observer, Solution& solution);

 private:
  /// What is given to whoever goes on from here, before a step that may be abandoned: the states of this group's
  /// islands, and what all have in common.
  struct Kept {
    std::vector<std::vector<std::int64_t>> islands;
    std::vector<std::int64_t> shared;
    std::size_t entries = 0;  // of the trajectory
    double seconds = 0;
  };

  void run(SearchObserver& observer, Solution& solution);
  void run_steps(SearchObserver& observer, Solution& solution);
  [[nodiscard]] StopDecision stop_decision(SearchObserver& observer, std::int64_t evaluations);
  void collect_entries(Solution& solution, SearchObserver& observer);
  void exchange_orders(SearchObserver& observer);
  [[nodiscard]] std::int64_t total_evaluations() const;
  void keep(const Solution& solution);
  void hand_out_state(const Solution& solution, SearchObserver& observer);
  void hand_out_order(Status status, SearchObserver& observer);
  /// Says whether the answer solves the problem, and which error would.
  void judge(Answer& answer, Solution& solution) const;
  /// The pieces' precision explains the errors. Collective.
  [[nodiscard]] bool is_precise(const Answer& answer);
  /// Final checks; `answer` and `solution` are filled in as they come. Throws Stopped on all ranks.
  void conclude(Solution& solution, Answer& answer);
  /// Betters an answer that rounding explains (polish()). Collective.
  void polish_answer(Answer& answer, Solution& solution);
  void find_margins(Solution& solution, const Answer& answer);
  void name_ties(Solution& solution, const Answer& answer);
  [[nodiscard]] double seconds() const;

  /// What all islands have in common.
  struct Progress {
    std::int64_t rounds = 0;
    std::int64_t round_work = 1;  // of an island between two rounds, blocks times tiles
    void state(StateArchive& archive) { archive(rounds, round_work); }
  };

  IslandGroup* group_;
  const SearchOptions* options_;
  const ErrorFloor* floor_;
  std::vector<Island> own_;  // the islands of this group
  Exchange exchange_;
  NoiseTest noise_;
  Progress progress_;
  Kept kept_;
  std::vector<TrajectoryEntry> earlier_;  // of the run that this one resumes
  double earlier_seconds_ = 0;
  Stopwatch since_begin_;
};

}  // namespace kintsugi
