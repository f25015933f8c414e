#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/pairing/pairing.hpp"
#include "kintsugi/search/options.hpp"
#include "kintsugi/search/search_state.hpp"

namespace kintsugi {

/// What the islands' best orders have in common, at an exchange.
struct ExchangeReport {
  std::int64_t round = 0;
  std::size_t elites = 0;  ///< orders in the pool
  double best = 0;         ///< MSE of the best of them
  double same_order = 1;   ///< share of the pairs of blocks that stand in the same order in all
  double same_pairs = 1;   ///< share of the blocks whose compress piece is the same in all
};

/// Receives what a solve has to say, as it happens. Called on rank 0 of the world only, but for stop_requested().
class SolveObserver {
 public:
  virtual ~SolveObserver() = default;
  virtual void on_roles(const Roles& /*roles*/) {}
  virtual void on_pairs(const std::vector<PairScore>& /*pairs*/) {}
  virtual void on_seeds(const std::vector<SeedResult>& /*seeds*/) {}
  virtual void on_row(const TrajectoryRow& /*row*/) {}
  virtual void on_exchange(const ExchangeReport& /*report*/) {}
  virtual void on_warning(const std::string& /*text*/) {}
  /// Asked between steps, on every rank; true on any ends the search with Status::interrupted, on all at the same step.
  virtual bool stop_requested() { return false; }
  /// Asked between steps; true has on_checkpoint() called at that step.
  virtual bool checkpoint_due() { return false; }
  /// The state to go on from later; also given where a limit or stop_requested() ends the search.
  virtual void on_checkpoint(const SearchState& /*state*/) {}
};

/// Puts the network together.
///
/// Collective over `world`. `network` is read on rank 0 only and may be empty elsewhere; `rows` is each rank's own
/// source of the same data. The trajectory and the answer depend on the problem, the options (seed, islands) and
/// the build, never on the number of ranks or their grid.
/// `resume`, read on rank 0 only: a state that an observer was given in an earlier run of the same problem with the
/// same options (limits apart). The search goes on from there exactly as it would have, on any number of ranks.
/// Throws on all ranks alike: InputError where the pieces cannot form a network or the state is of another search,
/// UsageError for impossible options.
[[nodiscard]] Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows,
                             const SolveOptions& options, SolveObserver& observer, const SearchState* resume = nullptr);

}  // namespace kintsugi
