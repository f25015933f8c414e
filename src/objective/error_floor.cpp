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
      variance_(evaluator.rows().prediction_variance()),
      outputs_(evaluator.rows().shape().outputs),
      precision_(find_precision(evaluator.weights())) {
  look_at_predictions(evaluator);
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
  mpi::ExactSums sums(ways + 1);
  for (const RowTile* const tile : evaluator.own_tiles(evaluator.rows().tiles())) {
    double squares = 0;
    for (std::size_t q = 0; q < outputs_; ++q) {
      for (std::size_t row = 0; row < tile->rows; ++row) {
        const double value = tile->predictions[q * kernels::kTileRows + row];
        finder.add(value);
        squares += value * value;
      }
    }
    for (std::size_t way = 0; way < ways; ++way) sums.add(way, finder.take_squares(way));
    sums.add(ways, squares);
  }
  evaluator.island().max(finder.misfits());
  sums.reduce_or_stop(evaluator.island());
  std::vector<double> squares;
  squares.reserve(ways);
  for (std::size_t way = 0; way < ways; ++way) squares.push_back(sums.value(way));
  const std::size_t predictions = evaluator.rows().shape().rows * outputs_;
  rounding_ = finder.found(squares, predictions, variance_);
  mean_square_ = sums.value(ways) / static_cast<double>(predictions);
}

double ErrorFloor::target(std::size_t rows) const {
  if (tolerance_ > 0) return tolerance_;
  const double float32 = std::max(parameters_.float32_share * variance_, parameters_.offset_share * mean_square_);
  return float32 + rounding_.mean_square * (1 + rounding_spread(rows * outputs_, parameters_));
}

RoundingVerdict ErrorFloor::judge(const Evaluator& evaluator, const Blocks& blocks) const {
  return given() ? RoundingVerdict{} : check_rounding(evaluator, blocks, rounding_, parameters_);
}

double ErrorFloor::precision_target(const Evaluator& evaluator, const Blocks& blocks) const {
  if (given()) return 0;
  return parameters_.precision_ratio * precision_error(evaluator, blocks, precision_,
                                                       static_cast<std::size_t>(parameters_.precision_rows),
                                                       static_cast<int>(parameters_.precision_draws));
}

bool ErrorFloor::is_solved(double mse, const RoundingVerdict& verdict) const {
  return std::isfinite(mse) && (given() ? mse <= tolerance_ : verdict.excess <= 1);
}

}  // namespace kintsugi
