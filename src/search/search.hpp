#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/words.hpp"
#include "kintsugi/core/event.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"

namespace kintsugi {

/// An order and its MSE on the first `tiles` tiles.
struct Candidate {
  Blocks blocks;
  double mse = 0;
  std::size_t tiles = 0;

  void save(StateWriter& writer) const {
    writer.put(blocks);
    writer.put(mse);
    writer.put(static_cast<std::int64_t>(tiles));
  }
  void restore(StateReader& reader) {
    reader.get(blocks);
    reader.get(mse);
    tiles = static_cast<std::size_t>(reader.get<std::int64_t>());
  }
};

/// What one step of a search did.
struct StepReport {
  Event event = Event::start;
  std::int64_t moves = 0;  ///< applied
  bool improved = false;   ///< the current order's error fell
  bool stuck = false;      ///< no move that this search knows improves the current order
};

/// One way of improving an order. A step is the unit between which a run may be stopped, logged and continued; it is
/// collective over the evaluator's island, and every rank comes to the same result.
class Search {
 public:
  virtual ~Search() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Not 0 where the search comes nearer to the answer before the error shows it: it is best started again from what
  /// became of its last result, even if a better order is known, and has so many times the work of the searches that
  /// take turns.
  [[nodiscard]] virtual std::int64_t claim() const { return 0; }
  /// Whether what became of its last result is to be gone on from even if the error is higher than before.
  [[nodiscard]] virtual bool insists() const { return false; }
  /// Other islands' orders, for searches that have a use for them; not part of the state.
  virtual void set_elites(const std::vector<Blocks>& /*elites*/) {}
  /// Begins at `from`, on its sample. An infinite `from.mse` means that it has not been evaluated there yet.
  virtual void start(const Candidate& from) = 0;
  virtual StepReport step() = 0;
  [[nodiscard]] virtual const Candidate& current() const = 0;
  /// Everything that the next steps depend on; a search made alike goes on from it as this one would. Not collective.
  virtual void save(StateWriter& writer) const = 0;
  virtual void restore(StateReader& reader) = 0;
};

}  // namespace kintsugi
