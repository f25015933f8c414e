#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/core/random.hpp"
#include "kintsugi/search/search.hpp"

namespace kintsugi {

/// Gauss-Newton steps in the places of all blocks at once (see FirstOrderModel::place_step).
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
/// each way back raises the error many times. Where plain rounds no longer lower the error, rounds relocate such blocks
/// before each cycle: of many relocations, drawn at random or from other islands' orders, those are made that leave
/// least of the error after the others' step (variable projection, see FirstOrderModel::adjusted_errors). What is left
/// so, not the error itself, is lowered in these rounds: it is free of what places lack by being whole numbers, and
/// tells far better how many pairs are on the wrong side. A cycle stands unless it leaves too much, measured by the
/// least so far (record-to-record travel: Dueck, J. Comput. Phys. 104, 1993), and less and less over a round; after one
/// that does not stand, relocations are fewer and nearer, and so are the steps. Such rounds go on from one another,
/// whatever descents make of their results.
class GaussNewton final : public Search {
 public:
  GaussNewton(Evaluator& evaluator, FirstOrderModel& model, Random random)
      : evaluator_(&evaluator), model_(&model), random_(random) {}

  [[nodiscard]] std::string_view name() const override { return "gauss-newton"; }
  [[nodiscard]] bool carries_on() const override { return true; }
  void set_elites(const std::vector<Blocks>& elites) override { elites_ = elites; }
  void start(const Candidate& from) override;
  StepReport step() override;
  [[nodiscard]] const Candidate& current() const override { return current_; }
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;

 private:
  void begin_cycle();
  void end_cycle();
  /// Adds relocations of the walker's blocks by `least` places or more.
  void propose(std::vector<Insertion>& moves, double least);
  /// Makes the few relocations that the others can best make up for; returns their number.
  std::int64_t relocate();
  /// Moves the walker's blocks by `places`, each by at most `farthest`; false where those are not finite.
  bool move(const std::vector<double>& places, double farthest);

  Evaluator* evaluator_;
  FirstOrderModel* model_;
  Random random_;
  std::vector<Blocks> elites_;
  Candidate current_;            // the last cycle's result, on the sample that the search was started with
  Candidate walker_;             // on a sample of its own
  Candidate before_;             // the walker at the start of this cycle
  Candidate lowest_;             // the walker's best of this cycle
  double damping_ = 0;           // 0: none yet
  double start_error_ = 0;       // of the order that the round began with; 0: none yet
  double lowest_left_ = 0;       // of lowest_'s error after the step of all places
  double least_left_ = 0;        // of all cycles with relocations since the walker's start; infinite: not known yet
  std::int64_t level_ = 0;       // 0: no relocations; else how many of the widest bandwidths are left out with them
  std::int64_t relocating_ = 0;  // cycles of the present round with relocations, or of the last one
  std::int64_t cycle_ = 0;       // of the round
  std::int64_t step_ = 0;        // of the cycle
  std::int64_t accepted_ = 0;    // cycles with relocations, in a row
  bool relocated_ = false;       // in this cycle
  bool moved_ = false;           // in this cycle
};

}  // namespace kintsugi
