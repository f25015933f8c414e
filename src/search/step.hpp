#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/order.hpp"
#include "core/state_archive.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi {

/// An order and its MSE on the first `tiles` tiles of the rows.
struct ScoredOrder {
  Blocks blocks;
  double mse = 0;
  std::size_t tiles = 0;

  void state(StateArchive& archive) {
    archive(blocks, mse);
    archive.tile_count(tiles);
    archive.require(blocks.empty() || tiles > 0);
  }
};

/// What one step of a search did.
struct StepReport {
  Event event = Event::start;
  std::int64_t moves = 0;  ///< applied
  bool improved = false;   ///< the current order's error fell
  bool stuck = false;      ///< no move that this search knows improves the current order
};

/// One way of improving an order. step() is the unit between which a run may be stopped, logged and continued. All
/// members but state() are collective over the evaluator's island, and every rank comes to the same result.
class Step {
 public:
  virtual ~Step() = default;
  /// Begins at `from`, on its sample. An infinite `from.mse` means that it has not been evaluated there yet.
  virtual void begin(const ScoredOrder& from) = 0;
  virtual StepReport step() = 0;
  [[nodiscard]] virtual const ScoredOrder& current() const = 0;
  /// Writes or reads everything that the next steps depend on; a search made alike goes on from it as this one would.
  virtual void state(StateArchive& archive) = 0;
};

/// How a search that works in rounds wants to be used.
struct RoundPolicy {
  /// So many times the work of the local searches; none: as much as they have while it is what finds new best orders,
  /// and less otherwise.
  std::optional<std::int64_t> work_share;
  /// It waits for the local searches to have done so much work, blocks times tiles.
  std::int64_t first_work = 0;
  /// It comes nearer to the answer before the error shows it: the next round begins at what became of the last one's
  /// result, even if a better order is known.
  bool resumes_own_result = false;
  /// What became of its last result is gone on from even if the error is higher than before.
  bool forces_acceptance = false;
};

/// A search that works in rounds: it ends stuck, and only what it has come to then is looked at.
class Round : public Step {
 public:
  [[nodiscard]] virtual RoundPolicy policy() const { return {}; }
  /// Whether a round from this order can come to another than the last one did. Not collective.
  [[nodiscard]] virtual bool leads_on_from(const Blocks& /*order*/) const { return true; }
  /// Other islands' orders, for searches that have a use for them; not part of the state.
  virtual void set_elites(const std::vector<Blocks>& /*elites*/) {}
};

}  // namespace kintsugi
