#include "objective/error_floor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mpi/exact_sums.hpp"

namespace kintsugi {

ErrorFloor::ErrorFloor(const Evaluator& evaluator, double tolerance, const ErrorFloorParameters& parameters)
    : parameters_(parameters),
      tolerance_(tolerance),
      outputs_(evaluator.rows().shape().outputs),
      precision_(evaluator.weights().precision()) {
  look_at_predictions(evaluator);
  scaled_ = plain_;
  if (evaluator.rows().scales().any()) look_at_scaled_predictions(evaluator);
  look_at_inputs(evaluator);
}

void ErrorFloor::look_at_inputs(const Evaluator& evaluator) {
  // Of each feature the largest value, and the largest of its negatives.
  const std::size_t width = evaluator.rows().shape().width;
  std::vector<double> largest(2 * width, -std::numeric_limits<double>::infinity());
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    for (std::size_t f = 0; f < width; ++f) {
      for (std::size_t row = 0; row < tile->rows; ++row) {
        const double value = tile->inputs[f * kernels::kTileRows + row];
        largest[2 * f] = std::max(largest[2 * f], value);
        largest[2 * f + 1] = std::max(largest[2 * f + 1], -value);
      }
    }
  }
  evaluator.island().max(largest);
  for (std::size_t f = 0; f < width; ++f) rows_differ_ = rows_differ_ || largest[2 * f] != -largest[2 * f + 1];
}

void ErrorFloor::look_at_predictions(const Evaluator& evaluator) {
  RoundingFinder finder(parameters_);
  const std::size_t ways = finder.ways();
  const double unit = evaluator.rows().unit();
  mpi::ExactSums sums(ways + 1);
  std::vector<double> largest(2 * outputs_, -std::numeric_limits<double>::infinity());  // and that of the negatives
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    double squares = 0;
    for (std::size_t q = 0; q < outputs_; ++q) {
      for (std::size_t row = 0; row < tile->rows; ++row) {
        const double value = tile->predictions[q * kernels::kTileRows + row];
        finder.add(value);
        largest[2 * q] = std::max(largest[2 * q], value);
        largest[2 * q + 1] = std::max(largest[2 * q + 1], -value);
        squares += value * value * unit * unit;
      }
    }
    for (std::size_t way = 0; way < ways; ++way) sums.add(way, finder.take_squares(way) * unit * unit);
    sums.add(ways, squares);
  }
  evaluator.island().max(finder.misfits());
  evaluator.island().max(largest);
  bool vary = false;
  for (std::size_t q = 0; q < outputs_; ++q) vary = vary || largest[2 * q] != -largest[2 * q + 1];
  sums.reduce_or_stop(evaluator.island());
  std::vector<double> squares;
  squares.reserve(ways);
  for (std::size_t way = 0; way < ways; ++way) squares.push_back(sums.value(way) / (unit * unit));
  const std::size_t predictions = evaluator.rows().shape().rows * outputs_;
  plain_.variance = evaluator.rows().prediction_variance();
  // One number tells nothing of how others were rounded.
  rounding_ = finder.found(squares, predictions, vary ? plain_.variance : 0);
  plain_.mean_square = sums.value(ways) / static_cast<double>(predictions) / (unit * unit);
  plain_.rounding = rounding_.mean_square;
}

void ErrorFloor::look_at_scaled_predictions(const Evaluator& evaluator) {
  mpi::ExactSums sums(3 * outputs_);
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    for (std::size_t q = 0; q < outputs_; ++q) {
      for (std::size_t row = 0; row < tile->rows; ++row) {
        const std::size_t i = q * kernels::kTileRows + row;
        const double value = static_cast<double>(tile->predictions[i]) * tile->scales[i];
        const double step = rounding_.way.step(tile->predictions[i]) * tile->scales[i];
        sums.add(3 * q, value);
        sums.add(3 * q + 1, value * value);
        sums.add(3 * q + 2, step * step / 12);
      }
    }
  }
  sums.reduce_or_stop(evaluator.island());
  const auto rows = static_cast<double>(evaluator.rows().shape().rows);
  scaled_ = {};
  for (std::size_t q = 0; q < outputs_; ++q) {
    const double mean = sums.value(3 * q) / rows;
    const double share = 1 / static_cast<double>(outputs_);
    scaled_.mean_square += share * sums.value(3 * q + 1) / rows;
    scaled_.variance += share * std::max(0.0, sums.value(3 * q + 1) / rows - mean * mean);
    scaled_.rounding += share * sums.value(3 * q + 2) / rows;
  }
  if (rounding_.mean_square == 0) scaled_.rounding = 0;
  rounding_.scaled = scaled_.rounding;
}

double ErrorFloor::target_of(const Sizes& sizes, std::size_t rows) const {
  if (tolerance_ > 0) return tolerance_;
  const double float32 =
      std::max(parameters_.float32_share * sizes.variance, parameters_.offset_share * sizes.mean_square);
  return float32 + sizes.rounding * (1 + rounding_spread(rows * outputs_, parameters_));
}

RoundingVerdict ErrorFloor::judge(const Evaluator& evaluator, const Blocks& blocks,
                                  std::span<const float> outputs) const {
  if (given()) return {};
  // Sums in another order miss a few predictions by other numbers.
  const bool few = !rows_differ_ || evaluator.rows().shape().rows * outputs_ <= parameters_.few_predictions;
  return check_rounding(evaluator, blocks, few ? std::span<const float>() : outputs, rounding_, parameters_);
}

double ErrorFloor::precision_target(const Evaluator& evaluator, const Blocks& blocks, bool scaled) const {
  if (given()) return 0;
  return parameters_.precision_ratio * precision_error(evaluator, blocks, precision_,
                                                       static_cast<std::size_t>(parameters_.precision_rows),
                                                       static_cast<int>(parameters_.precision_draws), scaled);
}

bool ErrorFloor::is_solved(double mse, const RoundingVerdict& verdict) const {
  return std::isfinite(mse) && (given() ? mse <= tolerance_ : verdict.excess <= 1);
}

}  // namespace kintsugi
