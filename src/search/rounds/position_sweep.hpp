#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/position_step.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Gauss-Newton steps in the positions of all blocks at once (PositionStep), through bandwidths from
/// wide to narrow: wide ones see far, narrow ones repair what the wide ones upset (graduated optimisation: Blake and
/// Zisserman, Visual Reconstruction, 1987). Steps are taken whatever they do to the error, which falls slowly behind
/// the order's distance from the answer and jumps about on the way; the lowest one is kept.
class PositionSweep {
 public:
  /// `skip`: so many of the widest bandwidths are left out. The evaluator must outlive the object.
  PositionSweep(Evaluator& evaluator, std::size_t skip, const Parameters& parameters);

  /// Bandwidths for so many blocks, in places, widest first.
  [[nodiscard]] static std::vector<double> bandwidths(std::size_t blocks, const GaussNewtonParameters& parameters);

  /// The next sweep begins at `from`, on as many rows as it takes not to overfit them.
  void place(const ScoredOrder& from);
  /// It begins at these blocks, on the sample as it is.
  void place(const Blocks& blocks) { iterate_.blocks = blocks; }
  /// Begins a sweep at the present blocks.
  void begin();
  /// One step, at the next bandwidth; false where the model overflows, or there is none. Collective.
  [[nodiscard]] bool step(double damping);
  [[nodiscard]] std::int64_t steps() const noexcept { return step_; }
  /// All bandwidths have had their step.
  [[nodiscard]] bool complete() const;
  /// A step of this sweep has changed the order.
  [[nodiscard]] bool moved() const noexcept { return moved_; }
  [[nodiscard]] const Blocks& blocks() const noexcept { return iterate_.blocks; }
  [[nodiscard]] double lowest_error() const noexcept { return lowest_.mse; }
  /// Puts the sweep's lowest order into `result`, with its error on the sample of `result`. Collective.
  void lowest_into(ScoredOrder& result) const;
  void state(StateArchive& archive) {
    archive(iterate_, lowest_, step_, moved_);
    archive.require(step_ >= 0 && step_ <= static_cast<std::int64_t>(widths().size()));
    archive.require(step_ == 0 || (!iterate_.blocks.empty() && !lowest_.blocks.empty()));
  }

 private:
  [[nodiscard]] std::vector<double> widths() const;
  [[nodiscard]] bool move(const std::vector<double>& shifts, double farthest);

  Evaluator* evaluator_;
  PositionStep position_step_;
  std::size_t skip_;
  GaussNewtonParameters parameters_;
  ScoredOrder iterate_;  // what the steps have come to, on a sample of its own
  ScoredOrder lowest_;   // of this sweep
  std::int64_t step_ = 0;
  bool moved_ = false;
};

}  // namespace kintsugi
