#pragma once

#include <cstdint>

#include "search/rounds/damping.hpp"
#include "search/rounds/position_sweep.hpp"

namespace kintsugi {

/// A round of sweeps of Gauss-Newton steps in the positions of all blocks.
///
/// At the orders where descents freeze, hundreds of pairs are on the wrong side and their effects cancel: badly
/// conditioned least squares, which moves of one block after the other creep through, as coordinate descent does. Here
/// the normal equations are solved for all blocks. A round is a number of sweeps, and its result the best order of the
/// last one. Where the error diverges instead, the round ends, and the next one is damped more.
class PositionSteps final : public Step {
 public:
  /// Evaluator and `damping` must outlive the object.
  PositionSteps(Evaluator& evaluator, Damping& damping, const Parameters& parameters)
      : parameters_(parameters.gauss_newton), damping_(&damping), sweep_(evaluator, 0, parameters) {}

  void begin(const ScoredOrder& from) override;
  StepReport step() override;
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override {
    archive(sweep_, current_, start_error_, sweeps_);
    archive.require(current_.blocks.empty() || !sweep_.blocks().empty());
  }

 private:
  GaussNewtonParameters parameters_;
  Damping* damping_;
  PositionSweep sweep_;
  ScoredOrder current_;  // the last sweep's result, on the sample that the round began with
  double start_error_ = 0;
  std::int64_t sweeps_ = 0;  // of this round
};

}  // namespace kintsugi
