#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "objective/adjusted_errors.hpp"
#include "objective/position_step.hpp"
#include "search/search.hpp"

namespace kintsugi {

/// Gauss-Newton steps in the places of all blocks at once (see PositionStep).
///
/// At the orders where descents freeze, hundreds of pairs are on the wrong side and their effects cancel: least squares
/// that are badly conditioned, which moves of one block after the other creep through, as coordinate descent does. Here
/// the normal equations are solved for all blocks. As with any smoothing of a rugged error (graduated optimisation:
/// Blake and Zisserman, Visual Reconstruction, 1987), wide bandwidths see far and narrow ones repair what the wide ones
/// upset, so that the steps go through bandwidths from wide to narrow, over and over. They are taken whatever they do
/// to the error: that falls slowly behind the order's distance from the answer and jumps about on the way. A round is a
/// number of such cycles, and its result the best order of the last one. Where the error melts away instead, the round
/// ends, and the next one is damped more.
///
/// What such steps do not mend are single blocks far from their places, for which all others have made up: taken alone,
/// each way back raises the error many times. Where plain rounds no longer lower the error, rounds relocate such
/// blocks: of some blocks, drawn at random or where another island has them elsewhere, all places are tried, and the
/// moves made that leave least of the error after swaps of near blocks have made up for what they can (variable
/// projection, see AdjustedErrors). What is left so, not the error itself, is lowered in these
/// rounds: it tells far better how many pairs are on the wrong side. An order is walked to unless it leaves too much,
/// measured by the least so far (record-to-record travel: Dueck, J. Comput. Phys. 104, 1993), and less and less over a
/// round. Now and then, after near pairs have changed sides whose coefficients say so if relocations were in vain, a
/// cycle of the steps above, without the widest, is tried from there; its lowest error is the round's result. Such
/// rounds go on from one another, unless what others made of their results leaves less.
class GaussNewton final : public Search {
 public:
  GaussNewton(Evaluator& evaluator, Random random)
      : evaluator_(&evaluator), position_step_(evaluator), adjusted_errors_(evaluator), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "gauss-newton"; }
  [[nodiscard]] std::int64_t claim() const override { return relocating_ > 0 ? 4 : 1; }
  void set_elites(const std::vector<Blocks>& elites) override { elites_ = elites; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  void begin_cycle();
  void end_cycle();
  /// What swaps of near blocks leave of the error of `order`.
  [[nodiscard]] double judge(const Blocks& order);
  /// Makes `order` the one that relocations go on from, if it may be.
  bool walk_to(const Blocks& order, double left);
  /// Positions of home_ whose blocks are tried elsewhere.
  [[nodiscard]] std::vector<int> draw();
  /// Walks a few relocations on; returns their number, 0 where it stays.
  std::int64_t relocate();
  /// Walks on by changing the sides of near pairs whose coefficients say so, where that leaves less.
  bool flip();
  /// Moves the walker's blocks by `places`, each by at most `farthest`; false where those are not finite.
  bool move(const std::vector<double>& places, double farthest);

  Evaluator* evaluator_;
  PositionStep position_step_;
  AdjustedErrors adjusted_errors_;
  Random random_;
  std::vector<Blocks> elites_;
  Candidate current_;            // the last cycle's result, on the sample that the search was started with
  Candidate walker_;             // what the steps of all blocks have come to, on a sample of its own
  Candidate lowest_;             // the walker's best of this cycle
  double damping_ = 0;           // 0: none yet
  double start_error_ = 0;       // of the order that the round began with; 0: none yet
  Blocks home_;                  // what relocations have come to
  double left_ = 0;              // of its error, by judge()
  double least_left_ = 0;        // since relocations began from an order that they were given
  Blocks settled_;               // of this cycle's walker, what leaves least
  double settled_left_ = 0;      // of its error, by judge()
  std::int64_t relocating_ = 0;  // cycles of the present round with relocations, or of the last one; 0: none yet
  std::int64_t cycle_ = 0;       // of the round: a relocation, or a sweep of steps
  std::int64_t step_ = 0;        // of the cycle
  std::int64_t in_vain_ = 0;     // relocations in a row that were not walked to
  bool moved_ = false;           // in this cycle
  bool flipped_out_ = false;     // in this cycle: no more pairs to change sides
};

}  // namespace kintsugi
