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
      parameters_(parameters.gauss_newton),
      spread_(parameters.gauss_newton) {}

bool NarrowingSteps::many_blocks() const {
  return iterate_.blocks.size() > parameters_.many_blocks * evaluator_->weights().roles().width;
}

// Of a prior as wide as that of a random order all is open.
double NarrowingSteps::widest() const {
  const double share = many_blocks() ? 0.5 : parameters_.widest;
  return std::max(parameters_.narrowest, share * static_cast<double>(iterate_.blocks.size()));
}

void NarrowingSteps::begin(const ScoredOrder& from) {
  const std::size_t rows = parameters_.narrowing_rows_per_block * from.blocks.size();
  current_ = from;
  iterate_ = {from.blocks, from.mse, std::max(from.tiles, evaluator_->rows().tiles_for(rows))};
  width_ = widest();
  start_error_ = 0;
  spread_.begin(from.blocks.size());
  lowest_ = std::numeric_limits<double>::infinity();
  step_ = idle_ = 0;
}

PositionStep::Result NarrowingSteps::position_step(double& next) {
  const std::size_t tiles = iterate_.tiles;
  if (!many_blocks()) {
    PositionStep::Result found = position_step_.solve(iterate_.blocks, tiles, width_, damping_->value());
    next = parameters_.narrowing_width * root_mean_square(found.shifts);
    return found;
  }
  const PositionStep::Equations equations = position_step_.equations(iterate_.blocks, tiles, width_);
  spread_.note_error(equations.mse);
  const std::size_t blocks = iterate_.blocks.size();
  const PositionStep::Prior prior{std::vector(blocks, 0.0), std::vector(blocks, spread_.deviation())};
  PositionStep::Posterior found = position_step_.posterior(equations, 0, prior);
  spread_.note_left(root_mean_square(found.deviations));
  next = spread_.bandwidth();
  return std::move(found.step);
}

StepReport NarrowingSteps::step() {
  StepReport report{.event = Event::gauss_newton};
  double next = 0;
  const PositionStep::Result found = position_step(next);
  note_error(found.mse);
  const double shift = root_mean_square(found.shifts);
  const bool diverged = found.shifts.empty() || !std::isfinite(shift) || diverges();
  bool converged = false;
  if (!diverged) {
    next = std::clamp(next, parameters_.narrowest, widest());
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
  archive(iterate_, current_, width_, start_error_, lowest_, spread_, step_, idle_);
  archive.require(current_.blocks.empty() || (!iterate_.blocks.empty() && width_ > 0));
}

}  // namespace kintsugi
