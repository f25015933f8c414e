#include "search/rounds/narrowing_steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "search/on_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, values.size())));
}

}  // namespace

NarrowingSteps::NarrowingSteps(Evaluator& evaluator, Damping& damping, const Parameters& parameters)
    : evaluator_(&evaluator),
      damping_(&damping),
      position_step_(evaluator, parameters.position_step),
      parameters_(parameters.gauss_newton) {}

double NarrowingSteps::widest() const {
  return std::max(parameters_.narrowest, parameters_.widest * static_cast<double>(iterate_.blocks.size()));
}

void NarrowingSteps::begin(const ScoredOrder& from) {
  const std::size_t rows = parameters_.narrowing_rows_per_block * from.blocks.size();
  current_ = from;
  iterate_ = {from.blocks, from.mse, std::max(from.tiles, evaluator_->rows().tiles_for(rows))};
  width_ = widest();
  start_error_ = 0;
  slow_ = false;
  lowest_ = pace_error_ = std::numeric_limits<double>::infinity();
  step_ = idle_ = 0;
}

StepReport NarrowingSteps::step() {
  StepReport report{.event = Event::gauss_newton};
  const double damping = (slow_ ? parameters_.slow_damping : 1) * damping_->value();
  const PositionStep::Result found = position_step_.solve(iterate_.blocks, iterate_.tiles, width_, damping);
  note_error(found.mse);
  const double shift = root_mean_square(found.shifts);
  const bool diverged = found.shifts.empty() || !std::isfinite(shift) || diverges();
  bool converged = false;
  if (!diverged) {
    const double next = std::clamp(parameters_.narrowing_width * shift, parameters_.narrowest, widest());
    const bool narrow = width_ <= parameters_.narrowest;
    if (narrow || next > parameters_.narrowing_share * width_) {
      const bool moved = move(found.shifts);
      converged = narrow && !moved;
      if (moved && keep_better()) report.moves = 1;
    }
    width_ = next;
  }
  report.stuck =
      diverged || converged || idle_ >= parameters_.narrowing_idle_steps || step_ >= parameters_.narrowing_steps;
  if (report.stuck) damping_->update(diverged);
  return report;
}

void NarrowingSteps::note_error(double mse) {
  if (!std::isfinite(current_.mse)) current_.mse = evaluator_->error(current_.blocks, current_.tiles);
  iterate_.mse = mse;
  if (step_++ == 0) start_error_ = mse;
  ++idle_;
  if (mse < lowest_) {
    lowest_ = mse;
    idle_ = 0;
  }
  if ((step_ + 1) % parameters_.pace_steps != 0) return;
  const bool many = iterate_.blocks.size() > parameters_.many_blocks * evaluator_->weights().roles().width;
  slow_ = slow_ || (many && lowest_ > parameters_.pace * pace_error_);
  pace_error_ = lowest_;
}

bool NarrowingSteps::move(const std::vector<double>& shifts) {
  Blocks moved = sorted_by(
      iterate_.blocks, [&](std::size_t p) { return static_cast<double>(p) + std::clamp(shifts[p], -width_, width_); });
  std::swap(moved, iterate_.blocks);
  return moved != iterate_.blocks;
}

bool NarrowingSteps::keep_better() {
  const double mse = evaluator_->error(iterate_.blocks, current_.tiles);
  if (!(mse < current_.mse)) return false;
  current_ = {iterate_.blocks, mse, current_.tiles};
  return true;
}

void NarrowingSteps::state(StateArchive& archive) {
  archive(iterate_, current_, width_, start_error_, lowest_, pace_error_, slow_, step_, idle_);
  archive.require(current_.blocks.empty() || (!iterate_.blocks.empty() && width_ > 0));
}

}  // namespace kintsugi
