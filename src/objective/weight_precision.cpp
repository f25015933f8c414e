#include "objective/weight_precision.hpp"

#include <vector>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "objective/plain_forward.hpp"

namespace kintsugi {

namespace {

using Forward = PlainForward<double>;

/// The layer with each number moved by up to half a step.
Forward::Layer moved(Forward::Layer layer, WeightPrecision precision, int factors, Random random) {
  move_within_step(precision, {layer.weight.data(), static_cast<std::size_t>(layer.weight.size())}, factors, random);
  move_within_step(precision, {layer.bias.data(), static_cast<std::size_t>(layer.bias.size())}, factors, random);
  return layer;
}

/// Predictions of all tiles; with a precision other than float32, of weights moved at random.
std::vector<Forward::States> predict(const SharedWeights& weights, const Blocks& blocks,
                                     const std::vector<const RowTile*>& tiles, WeightPrecision precision, int draw) {
  const auto layer = [&](Forward::Layer exact, int piece) {
    if (precision == WeightPrecision::float32) return exact;
    return moved(std::move(exact), precision, weights.factors(piece), moving_numbers(draw, piece));
  };
  std::vector<Forward::States> states;
  states.reserve(tiles.size());
  for (const RowTile* const tile : tiles) states.push_back(Forward::inputs(*tile, weights.roles().width));
  for (const Block& block : blocks) {
    if (stop_heard()) break;
    const Forward::Layer expand = layer(Forward::expand(weights, block), block.expand);
    const Forward::Layer compress = layer(Forward::compress(weights, block), block.compress);
    const BlockForm form = weights.form_of(block.expand);
    for (Forward::States& each : states) {
      if (!stop_heard()) Forward::advance(form, weights.activation(), expand, compress, each);
    }
  }
  const Forward::Layer head = layer(Forward::head(weights), weights.roles().head);
  for (Forward::States& each : states) each = head.apply(Forward::normalised(weights.form().before_head(), each));
  return states;
}

}  // namespace

double precision_error(const Evaluator& evaluator, const Blocks& blocks, WeightPrecision precision, std::size_t rows,
                       int draws, bool scaled) {
  if (precision == WeightPrecision::float32) return 0;
  const std::size_t sample = evaluator.rows().tiles_for(rows);
  const std::vector<const RowTile*> tiles = evaluator.own_tiles(sample);
  const std::vector<Forward::States> exact = predict(evaluator.weights(), blocks, tiles, WeightPrecision::float32, 0);
  mpi::ExactSums sums(1);
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<Forward::States> moved = predict(evaluator.weights(), blocks, tiles, precision, draw);
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      Forward::States change = moved[t] - exact[t];
      if (scaled && tiles[t]->scales != nullptr) {
        for (Eigen::Index i = 0; i < change.size(); ++i) change.data()[i] *= tiles[t]->scales[i];
      }
      sums.add(0, change.leftCols(static_cast<Eigen::Index>(tiles[t]->rows)).squaredNorm());
    }
  }
  sums.reduce_or_stop(evaluator.island());
  return sums.value(0) / (evaluator.entries(sample) * draws);
}

}  // namespace kintsugi
