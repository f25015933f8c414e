#include "search/rounds/position_steps.hpp"

namespace kintsugi {

void PositionSteps::begin(const ScoredOrder& from) {
  current_ = from;
  start_error_ = from.mse;
  sweeps_ = 0;
  sweep_.place(from);
  sweep_.begin();
}

StepReport PositionSteps::step() {
  StepReport report{.event = Event::gauss_newton, .moves = 1};
  bool diverged = !sweep_.step(damping_->value());
  bool converged = false;
  if (sweep_.complete()) {
    diverged = diverged || sweep_.lowest_error() > parameters_.divergence * start_error_;
    converged = !sweep_.moved();
    if (!diverged) {
      sweep_.lowest_into(current_);
      ++sweeps_;
      sweep_.begin();
    }
  }
  report.stuck = diverged || converged || sweeps_ >= parameters_.sweeps;
  if (report.stuck) damping_->update(diverged);
  return report;
}

}  // namespace kintsugi
