#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <vector>

#include "kintsugi/core/search_state.hpp"
#include "kintsugi/search/observer.hpp"
#include "kintsugi/search/options.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "objective/residual_test.hpp"
#include "search/elite_pool.hpp"
#include "search/island.hpp"
#include "search/migration.hpp"

namespace kintsugi {

/// All islands of a run. The world's ranks are split into equal groups, as many as there are islands or, where the
/// ranks do not divide so, fewer; a group that has several islands takes turns at them. What an island does depends on
/// its number and on what it is told in the rounds, never on which ranks do it.
///
/// Every few rounds the islands' best orders are gathered in a pool of elites; islands that have come to a standstill
/// may take one over (migration), and all may cross theirs with them.
class Archipelago {
 public:
  /// Collective over `world`. Throws UsageError for an impossible grid or an unknown topology.
  Archipelago(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows, const SearchOptions& options);

  /// This rank's group's evaluator; any group's gives the same numbers.
  [[nodiscard]] Evaluator& evaluator() noexcept { return evaluator_; }

  /// Makes the islands. `floor` says which error counts as solved and must outlive this; `doubtful`: expand pieces of
  /// the pairs that are not to be trusted. Comes first, before begin() or resume().
  void populate(const ErrorFloor& floor, const std::set<int>& doubtful);
  /// Islands begin at `starts` (island i at start i, over and over), on samples of `tiles` tiles. Collective.
  void begin(const std::vector<Candidate>& starts, std::size_t tiles);
  /// Islands go on from a state of an earlier run, which rank 0 has. Collective; throws InputError on all ranks where
  /// the state is not one of these islands.
  void resume(const SearchState* state);

  /// Searches until an island has solved the problem, no search leads on, or a limit or the observer says stop. Returns
  /// the best order by its error on all rows; fills in status, trajectory, elites, evaluations, mse, largest_error and
  /// times of `solution`. `start` is what --time-limit counts from. Collective over the world; equal results
  /// everywhere.
  [[nodiscard]] Blocks search(std::chrono::steady_clock::time_point start, SearchObserver& observer,
                              Solution& solution);

 private:
  struct Verdict {
    bool stop = false;
    bool checkpoint = false;
    Status status = Status::not_solved;
  };
  void collect_rows(Solution& solution, SearchObserver& observer);
  /// An island's best order, and its error on all rows.
  struct Answer {
    Blocks blocks;
    double mse = 0;
    double largest_error = 0;
  };
  [[nodiscard]] Verdict judge(std::chrono::steady_clock::time_point start, SearchObserver& observer,
                              std::int64_t evaluations);
  [[nodiscard]] std::int64_t total_evaluations() const;
  /// Offers the islands' best orders to the pool and returns them, by island.
  std::vector<Elite> fill_pool();
  void migrate(const std::vector<Elite>& bests);
  /// What each island writes, by its number, on all ranks.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> gather_islands(
      const std::function<void(Island&, StateWriter&)>& write);
  [[nodiscard]] SearchState state(const Solution& solution);
  /// The best of all islands' orders by the error on all rows; the lowest number of equals.
  [[nodiscard]] Answer choose_answer();
  /// What a regression can explain of the error of `blocks` on all rows; asked once of each order in a row.
  [[nodiscard]] const ResidualTest& explained(const Blocks& blocks);
  void ask_for_noise(const Blocks& blocks, Solution& solution);
  void find_margins(const Blocks& blocks, Solution& solution);
  [[nodiscard]] double seconds() const;

  const mpi::Comm* world_;
  const SearchOptions* options_;
  std::unique_ptr<Topology> topology_;
  int groups_;
  mpi::Comm group_;
  Evaluator evaluator_;
  LinearModel model_;
  std::vector<Island> own_;  // the islands of this group
  std::int64_t rounds_ = 0;
  std::int64_t round_work_ = 1;  // of an island between two rounds
  const ErrorFloor* floor_ = nullptr;
  ElitePool pool_;
  std::size_t pool_tiles_ = 0;  // that the pool's errors are on
  Blocks questioned_;           // the order that explained_ is of
  ResidualTest explained_;
  std::vector<TrajectoryEntry> earlier_;  // rows of the run that this one resumes
  double earlier_seconds_ = 0;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace kintsugi
