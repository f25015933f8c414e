#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "objective/adjusted_errors.hpp"
#include "search/rounds/damping.hpp"
#include "search/rounds/position_sweep.hpp"

namespace kintsugi {

/// A round of relocations of single blocks by variable projection.
///
/// What steps of all blocks do not mend are single blocks far from their positions, for which all others have made up:
/// taken alone, each way back raises the error many times.
///
/// 1. Of some blocks, drawn at random or where another island has them elsewhere, all positions are tried; the moves
/// are
///    made that leave least of the error after swaps of near blocks have made up for what they can (variable
///    projection, see AdjustedErrors). This adjusted error tells far better than the error itself how
///    many pairs are on the wrong side.
/// 2. The order is gone on from unless its adjusted error is too far above the lowest so far, and less and less over a
/// round
///    (record-to-record travel: Dueck, J. Comput. Phys. 104, 1993).
/// 3. After a few relocations a sweep of steps of all blocks, without the widest, is tried from there; before it, if
/// all
///    relocations were refused, near pairs change sides whose coefficients say so. The sweep's lowest error is the
///    result.
///
/// Rounds go on from one another, unless what others made of their results has a lower adjusted error.
class ProjectedRelocation final : public Step {
 public:
  /// Evaluator and `damping` must outlive the object.
  ProjectedRelocation(Evaluator& evaluator, Damping& damping, Random random, const Parameters& parameters);

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void set_elites(const std::vector<Blocks>& elites) { elites_ = elites; }
  void state(StateArchive& archive) override;

 private:
  /// An order and what swaps of near blocks leave of its error.
  struct AdjustedOrder {
    Blocks blocks;
    double error = 0;
    void state(StateArchive& archive) { archive(blocks, error); }
  };
  /// Where a round is.
  struct Progress {
    std::int64_t length = 0;     // cycles of the round
    std::int64_t cycle = 0;      // a relocation, or a sweep
    std::int64_t refused = 0;    // relocations in a row that were not gone on from
    bool no_more_flips = false;  // in this cycle
    void state(StateArchive& archive) { archive(length, cycle, refused, no_more_flips); }
  };

  void begin_cycle();
  [[nodiscard]] StepReport relocate();
  [[nodiscard]] StepReport flip();
  [[nodiscard]] StepReport sweep();
  [[nodiscard]] double adjusted_error(const Blocks& order);
  bool go_on_from(const AdjustedOrder& order);
  [[nodiscard]] std::vector<int> draw_positions();
  [[nodiscard]] std::vector<Insertion> rank_moves();

  Evaluator* evaluator_;
  AdjustedErrors adjusted_errors_;
  Damping* damping_;
  Random random_;
  ProjectedRelocationParameters parameters_;
  PositionSweep sweep_;
  std::vector<Blocks> elites_;
  ScoredOrder current_;       // the last sweep's result, on the sample that the round began with
  AdjustedOrder base_;        // what relocations have come to
  double record_ = 0;         // lowest adjusted error since relocations began from an order that they were given
  AdjustedOrder sweep_best_;  // of the present sweep
  Progress progress_;
};

}  // namespace kintsugi
