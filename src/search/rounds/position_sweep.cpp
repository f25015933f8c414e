#include "search/rounds/position_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "search/on_sample.hpp"
#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

PositionSweep::PositionSweep(Evaluator& evaluator, std::size_t skip, const Parameters& parameters)
    : evaluator_(&evaluator),
      position_step_(evaluator, parameters.position_step),
      skip_(skip),
      parameters_(parameters.gauss_newton) {}

std::vector<double> PositionSweep::bandwidths(std::size_t blocks, const GaussNewtonParameters& parameters) {
  std::vector<double> all{std::max(parameters.narrowest, parameters.widest * static_cast<double>(blocks))};
  while (all.back() >= 2 * parameters.narrowest) all.push_back(all.back() / 2);
  return all;
}

std::vector<double> PositionSweep::widths() const {
  std::vector<double> widths = bandwidths(iterate_.blocks.size(), parameters_);
  widths.erase(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(skip_));
  return widths;
}

void PositionSweep::place(const ScoredOrder& from) {
  const std::size_t rows = parameters_.rows_per_block * from.blocks.size();
  iterate_ = {from.blocks, from.mse, std::max(from.tiles, evaluator_->rows().tiles_for(rows))};
}

void PositionSweep::begin() {
  lowest_.mse = std::numeric_limits<double>::infinity();
  step_ = 0;
  moved_ = false;
}

bool PositionSweep::complete() const { return step_ == static_cast<std::int64_t>(widths().size()); }

bool PositionSweep::step(double damping) {
  if (complete()) return false;
  const double width = widths()[static_cast<std::size_t>(step_)];
  const PositionStep::Result found = position_step_.solve(iterate_.blocks, iterate_.tiles, width, damping);
  iterate_.mse = found.mse;
  if (iterate_.mse < lowest_.mse || step_ == 0) lowest_ = iterate_;
  ++step_;
  return move(found.shifts, width);
}

bool PositionSweep::move(const std::vector<double>& shifts, double farthest) {
  const auto usable = [](double shift) { return std::isfinite(shift); };
  if (shifts.empty() || !std::ranges::all_of(shifts, usable)) return false;
  Blocks moved = sorted_by(iterate_.blocks, [&](std::size_t p) {
    return static_cast<double>(p) + std::clamp(shifts[p], -farthest, farthest);
  });
  moved_ = moved_ || moved != iterate_.blocks;
  iterate_.blocks = std::move(moved);
  return true;
}

void PositionSweep::lowest_into(ScoredOrder& result) const { result = on_sample(*evaluator_, lowest_, result.tiles); }

}  // namespace kintsugi
