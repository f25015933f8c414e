#include "objective/rounding_check.hpp"

#include <algorithm>
#include <cmath>

#include "core/stop.hpp"
#include "objective/network64.hpp"
#include "objective/plain_forward.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

/// Adds the predictions of one tile: with its final state, and what float32 makes of it, [outputs][kTileRows].
void add_tile(const SharedWeights& weights, const RowTile& tile, const double* state, const float* single,
              RoundingTally& tally) {
  const std::size_t width = weights.roles().width;
  for (std::size_t q = 0; q < weights.roles().outputs; ++q) {
    const double bias = weights.head_bias()[q];
    for (std::size_t row = 0; row < tile.rows; ++row) {
      double sum = 0;
      double magnitude = bias * bias;
      for (std::size_t f = 0; f < width; ++f) {
        const double term = weights.head_weight()[q * width + f] * state[f * kTileRows + row];
        sum += term;
        magnitude += term * term;
      }
      const std::size_t at = q * kTileRows + row;
      const double scale = tile.scales != nullptr ? tile.scales[at] : 1;
      tally.add({tile.predictions[at], sum + bias, single[at], magnitude, scale});
    }
  }
}

/// Predictions of these tiles in float32, one after the other, each [outputs][kTileRows].
std::vector<float> plain_outputs(const SharedWeights& weights, const Blocks& blocks,
                                 std::span<const RowTile* const> tiles) {
  using Forward = PlainForward<float>;
  std::vector<Forward::States> states;
  for (const RowTile* const tile : tiles) states.push_back(Forward::inputs(*tile, weights.roles().width));
  for (const Block& block : blocks) {
    if (stop_heard()) break;
    const Forward::Layer expand = Forward::expand(weights, block);
    const Forward::Layer compress = Forward::compress(weights, block);
    for (Forward::States& each : states)
      Forward::advance(weights.form_of(block.expand), weights.activation(), expand, compress, each);
  }
  const Forward::Layer head = Forward::head(weights);
  std::vector<float> outputs;
  for (const Forward::States& each : states) {
    const Forward::States given = head.apply(Forward::normalised(weights.form().before_head(), each));
    outputs.insert(outputs.end(), given.data(), given.data() + given.size());
  }
  return outputs;
}

}  // namespace

RoundingVerdict check_rounding(const Evaluator& evaluator, const Blocks& blocks, std::span<const float> outputs,
                               const FoundRounding& rounding, const ErrorFloorParameters& parameters) {
  constexpr std::size_t kTilesAtOnce = 16;  // weights are converted once for so many
  const RowTiles& rows = evaluator.rows();
  const SharedWeights& weights = evaluator.weights();
  RoundingTally all(rounding.way);
  mpi::ExactSums sums(RoundingTally::kSums);
  const std::vector<const RowTile*> own = evaluator.own_tiles(rows.tiles());
  for (std::size_t first = 0; first < own.size() && !stop_heard(); first += kTilesAtOnce) {
    const std::size_t count = std::min(kTilesAtOnce, own.size() - first);
    const std::span<const RowTile* const> tiles = std::span(own).subspan(first, count);
    Network64 network(weights, tiles);
    for (const Block& block : blocks) network.advance(block);
    const std::size_t of_tile = weights.roles().outputs * kTileRows;
    const std::vector<float> plain = outputs.empty() ? plain_outputs(weights, blocks, tiles) : std::vector<float>();
    const std::span<const float> singles = outputs.empty() ? std::span(plain) : outputs.subspan(first * of_tile);
    for (std::size_t t = 0; t < count; ++t) {
      RoundingTally tally(rounding.way);
      add_tile(weights, *tiles[t], network.state(t), singles.data() + t * of_tile, tally);
      tally.to_unit(rows.unit());
      for (std::size_t i = 0; i < RoundingTally::kSums; ++i) sums.add(i, tally.sums()[i]);
      for (std::size_t i = 0; i < all.largest().size(); ++i) {
        all.largest()[i] = std::max(all.largest()[i], tally.largest()[i]);
      }
    }
  }
  sums.reduce_or_stop(evaluator.island());
  for (std::size_t i = 0; i < RoundingTally::kSums; ++i) all.sums()[i] = sums.value(i);
  all.from_unit(rows.unit());
  evaluator.island().max(all.largest());
  return all.verdict(rounding, rows.shape().rows * rows.shape().outputs, parameters);
}

}  // namespace kintsugi
