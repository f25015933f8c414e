#pragma once

#include <chrono>
#include <set>
#include <vector>

#include "kintsugi/objective/evaluator.hpp"
#include "kintsugi/objective/first_order_model.hpp"
#include "kintsugi/search/island.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi {

/// All islands of a run. The world's ranks are split into as many equal groups as there are islands, or where there are
/// fewer ranks, each rank is a group and takes turns at its islands. What an island does depends on its number and on
/// what it is told in the rounds, never on which ranks do it.
class Archipelago {
 public:
  /// Collective over `world`. Throws UsageError for an impossible grid.
  Archipelago(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows, const SolveOptions& options);

  /// This rank's group's evaluator; any group's gives the same numbers.
  [[nodiscard]] Evaluator& evaluator() noexcept { return evaluator_; }

  /// Searches from `starts`, best first (island i from start i, over and over), on samples that begin with `tiles`
  /// tiles, until an island has solved the problem, no search leads on, or a limit or the observer says stop. Returns
  /// the best order by its error on all rows; fills in status, trajectory, evaluations, mse, largest_error and times of
  /// `solution`, whose target is read. `begin` is what --time-limit counts from. Collective over the world; equal
  /// results everywhere.
  [[nodiscard]] Blocks search(const std::vector<Candidate>& starts, std::size_t tiles, const std::set<int>& doubtful,
                              std::chrono::steady_clock::time_point begin, SolveObserver& observer, Solution& solution);

 private:
  struct Verdict {
    bool stop = false;
    Status status = Status::not_solved;
  };
  void collect_rows(Solution& solution);
  [[nodiscard]] Verdict judge(std::chrono::steady_clock::time_point begin, SolveObserver& observer,
                              std::int64_t evaluations) const;
  [[nodiscard]] std::int64_t total_evaluations() const;
  [[nodiscard]] Blocks choose_best(Solution& solution);

  const mpi::Comm* world_;
  const SolveOptions* options_;
  int groups_;
  mpi::Comm group_;
  Evaluator evaluator_;
  FirstOrderModel model_;
  std::vector<Island> own_;  // the islands of this group
};

}  // namespace kintsugi
