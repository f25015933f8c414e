#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kintsugi/core/search_state.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// What the islands' best orders have in common, at an exchange.
struct ExchangeReport {
  std::int64_t round = 0;
  std::size_t elites = 0;  ///< orders in the pool
  double best = 0;         ///< MSE of the best of them
  double same_order = 1;   ///< share of the pairs of blocks that stand in the same order in all
  double same_pairs = 1;   ///< share of the blocks whose compress piece is the same in all
};

/// The best order of all islands before the search is over.
struct OrderSoFar {
  std::vector<Block> blocks;           ///< positions in Network::pieces
  double mse = 0;                      ///< on the rows of its island's sample; NaN: not evaluated yet
  std::size_t rows = 0;                ///< of that sample
  Status status = Status::unfinished;  ///< or how the search ends, where it is about to
};

/// Receives what a search has to say, as it happens. Called on rank 0 of the world only, but for stop_requested() and
/// stop_at_once().
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;
  virtual void on_step(const TrajectoryEntry& /*entry*/) {}
  virtual void on_exchange(const ExchangeReport& /*report*/) {}
  /// Asked between steps, on every rank; true on any ends the search with Status::interrupted, on all at the same step.
  virtual bool stop_requested() { return false; }
  /// The same, but asked every few milliseconds, in the middle of steps, too: a step is then abandoned, and final
  /// checks have a second at most. Once true, it stays so.
  virtual bool stop_at_once() { return false; }
  /// Asked between steps; true has on_checkpoint() called at that step.
  virtual bool checkpoint_due() { return false; }
  /// The state to go on from later; also given where a limit or stop_requested() ends the search.
  virtual void on_checkpoint(const SearchState& /*state*/) {}
  /// Asked between steps; true has on_order() called at that step.
  virtual bool order_due() { return false; }
  /// Also called where a limit or a stop ends the search, before the final checks.
  virtual void on_order(const OrderSoFar& /*order*/) {}
};

}  // namespace kintsugi
