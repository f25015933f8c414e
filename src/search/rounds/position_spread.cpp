#include "search/rounds/position_spread.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kintsugi {

namespace {

constexpr double kNarrowest = 0.5;  // positions: nearer, places are whole numbers

}  // namespace

void PositionSpread::begin(std::size_t blocks) {
  // Of the difference of two places drawn at random.
  deviation_ = left_ = std::max(kNarrowest, static_cast<double>(blocks) / std::sqrt(6.0));
  lowest_ = std::numeric_limits<double>::infinity();
  idle_ = 0;
}

void PositionSpread::note_error(double mse) {
  ++idle_;
  if (mse < lowest_) {
    lowest_ = mse;
    idle_ = 0;
  }
  if (idle_ < parameters_.open_idle_steps) return;
  deviation_ = std::max(kNarrowest, parameters_.open_decay * deviation_);
  idle_ = 0;
}

void PositionSpread::note_left(double deviation) {
  if (!std::isfinite(deviation)) return;  // the step has overflown, and its round ends
  left_ = deviation;
  deviation_ = std::clamp(parameters_.open_deviation * left_, kNarrowest, deviation_);
}

void PositionSpread::state(StateArchive& archive) {
  archive(deviation_, left_, lowest_, idle_);
  archive.require(deviation_ >= 0 && left_ >= 0 && idle_ >= 0);
}

}  // namespace kintsugi
