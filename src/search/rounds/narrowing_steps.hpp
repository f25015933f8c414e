#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/position_step.hpp"
#include "search/rounds/damping.hpp"
#include "search/rounds/position_spread.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// A round of Gauss-Newton steps in the positions of all blocks at once (PositionStep), whose bandwidth is learnt from
/// them: how far blocks moved says how far they may still be off, and that is how far a pair's sides are open.
///
/// Where many blocks nearly commute, the row errors are all but linear in the pairs that change sides, and some twenty
/// such steps lead from any order to the answer. Steps are taken whatever they do to the error, which jumps about on
/// the way. One whose shifts are small beside its bandwidth is not taken, but the bandwidth narrowed.
///
/// Of many narrow blocks, directions that hardly show in the rows keep blocks far from their places while shifts are
/// small already. There a step is Bayesian linear regression, the order's own MSE as the variance, and bandwidths
/// follow from what its posterior leaves open (PositionSpread).
class NarrowingSteps final : public Step {
 public:
  /// Evaluator and `damping` must outlive the object.
  NarrowingSteps(Evaluator& evaluator, Damping& damping, const Parameters& parameters);

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override;

 private:
  [[nodiscard]] double widest() const;
  [[nodiscard]] bool many_blocks() const;
  /// The step at the iterate, and the next bandwidth in `next`.
  PositionStep::Result position_step(double& next);
  [[nodiscard]] bool diverges() const noexcept { return iterate_.mse > parameters_.divergence * start_error_; }
  void note_error(double mse);
  /// Whether the order changed.
  bool move(const std::vector<double>& shifts);
  /// Whether the iterate is better than `current_`, and takes its place. Collective.
  bool keep_better();

  Evaluator* evaluator_;
  Damping* damping_;
  PositionStep position_step_;
  GaussNewtonParameters parameters_;
  PositionSpread spread_;  // of many narrow blocks
  ScoredOrder iterate_;    // what the steps have come to, on a sample of its own
  ScoredOrder current_;    // the best of them on the sample that the round began with
  double width_ = 0;
  double start_error_ = 0;
  double lowest_ = 0;  // error of this round's iterates
  std::int64_t step_ = 0;
  std::int64_t idle_ = 0;  // steps since the lowest error
};

}  // namespace kintsugi
