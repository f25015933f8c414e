#include "objective/weight_precision.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "objective/plain_forward.hpp"

namespace kintsugi {

namespace {

using Forward = PlainForward<double>;

/// The distance of the format's numbers around `value`; 0 around zero, which may be no number of the file's at all.
double step_of(WeightPrecision precision, double value) {
  constexpr int kFloat16Fraction = 10;
  constexpr int kFloat16Lowest = -24;
  constexpr int kBfloat16Fraction = 7;
  if (value == 0) return 0;
  const int exponent = std::ilogb(value);
  if (precision == WeightPrecision::float16) {
    return std::ldexp(1.0, std::max(exponent - kFloat16Fraction, kFloat16Lowest));
  }
  return std::ldexp(1.0, exponent - kBfloat16Fraction);
}

bool holds(WeightPrecision precision, double value) {
  constexpr double kFloat16Largest = 65504;
  if (value == 0) return true;
  if (precision == WeightPrecision::float16 && std::fabs(value) > kFloat16Largest) return false;
  const double steps = value / step_of(precision, value);
  return steps == std::nearbyint(steps);
}

/// The layer with each number moved by up to half a step.
Forward::Layer moved(Forward::Layer layer, WeightPrecision precision, Random& random) {
  const auto move = [&](double value) { return value + (random.uniform() - 0.5) * step_of(precision, value); };
  for (Eigen::Index i = 0; i < layer.weight.size(); ++i) layer.weight.data()[i] = move(layer.weight.data()[i]);
  for (Eigen::Index i = 0; i < layer.bias.size(); ++i) layer.bias.data()[i] = move(layer.bias.data()[i]);
  return layer;
}

/// Predictions of all tiles; with a precision other than float32, of weights moved at random.
std::vector<Forward::States> predict(const SharedWeights& weights, const Blocks& blocks,
                                     const std::vector<const RowTile*>& tiles, WeightPrecision precision, int draw) {
  constexpr std::uint64_t kSeed = 0x7072656369736EULL;
  const auto layer = [&](Forward::Layer exact, int piece) {
    if (precision == WeightPrecision::float32) return exact;
    Random random(kSeed, static_cast<std::uint64_t>(draw), static_cast<std::uint64_t>(piece));
    return moved(std::move(exact), precision, random);
  };
  std::vector<Forward::States> states;
  states.reserve(tiles.size());
  for (const RowTile* const tile : tiles) states.push_back(Forward::inputs(*tile, weights.roles().width));
  for (const Block& block : blocks) {
    if (stop_heard()) break;
    const Forward::Layer expand = layer(Forward::expand(weights, block), block.expand);
    const Forward::Layer compress = layer(Forward::compress(weights, block), block.compress);
    for (Forward::States& each : states) {
      if (!stop_heard()) Forward::advance(expand, compress, weights.activation(), each);
    }
  }
  const Forward::Layer head = layer(Forward::head(weights), weights.roles().head);
  for (Forward::States& each : states) each = head.apply(each);
  return states;
}

}  // namespace

WeightPrecision find_precision(const SharedWeights& weights) {
  const Roles& roles = weights.roles();
  std::vector<int> pieces = roles.expand;
  pieces.insert(pieces.end(), roles.compress.begin(), roles.compress.end());
  pieces.push_back(roles.head);
  for (const WeightPrecision precision : {WeightPrecision::bfloat16, WeightPrecision::float16}) {
    const bool all = std::ranges::all_of(pieces, [&](int piece) {
      return std::ranges::all_of(weights.numbers(piece), [&](float value) { return holds(precision, value); });
    });
    if (all) return precision;
  }
  return WeightPrecision::float32;
}

double precision_error(const Evaluator& evaluator, const Blocks& blocks, WeightPrecision precision, std::size_t rows,
                       int draws) {
  if (precision == WeightPrecision::float32) return 0;
  const std::size_t sample = evaluator.rows().tiles_for(rows);
  const std::vector<const RowTile*> tiles = evaluator.own_tiles(sample);
  const std::vector<Forward::States> exact = predict(evaluator.weights(), blocks, tiles, WeightPrecision::float32, 0);
  mpi::ExactSums sums(1);
  for (int draw = 0; draw < draws; ++draw) {
    const std::vector<Forward::States> moved = predict(evaluator.weights(), blocks, tiles, precision, draw);
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      sums.add(0, (moved[t] - exact[t]).leftCols(static_cast<Eigen::Index>(tiles[t]->rows)).squaredNorm());
    }
  }
  sums.reduce_or_stop(evaluator.island());
  return sums.value(0) / (evaluator.entries(sample) * draws);
}

}  // namespace kintsugi
