#include "objective/rounding_check.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "core/block_math.hpp"
#include "core/stop.hpp"
#include "kernels/float64.hpp"
#include "objective/plain_forward.hpp"

namespace kintsugi {

using kernels::kTileRows;
using kernels::TileBuffer64;

namespace {

/// A block's weights in float64, as BlockWeights has them.
struct Block64 {
  BlockForm form;
  std::size_t hidden = 0;
  std::size_t inner = 0;
  TileBuffer64 w_in, b_in, w_out, b_out;
};

/// A network in float64 on some tiles at a time, whose states it holds.
class Network64 {
 public:
  Network64(const SharedWeights& weights, std::span<const RowTile* const> tiles)
      : weights_(weights), width_(weights.roles().width), tiles_(tiles.size()) {
    states_.reserve(tiles_ * size());
    for (const RowTile* const tile : tiles) states_.insert(states_.end(), tile->inputs, tile->inputs + size());
    residual_.resize(size());
  }

  /// What the head is given of a tile: [width][kTileRows]; valid until the next call.
  [[nodiscard]] const double* state(std::size_t tile) {
    return normed(weights_.form().before_head(), states_.data() + tile * size());
  }

  void advance(const Block& block) {
    take(block);
    hidden_.resize(block_.inner * kTileRows);
    for (std::size_t t = 0; t < tiles_ && !stop_heard(); ++t) {
      double* const state = states_.data() + t * size();
      kernels::multiply64(block_.inner, width_, normed(block_.form, state), block_.w_in.data(), hidden_.data());
      activate_hidden();
      kernels::multiply64(width_, block_.hidden, hidden_.data(), block_.w_out.data(), residual_.data());
      for (std::size_t f = 0; f < width_; ++f) {
        const double bias = block_.b_out[f];
        for (std::size_t i = f * kTileRows; i < (f + 1) * kTileRows; ++i) state[i] += residual_[i] + bias;
      }
    }
  }

 private:
  [[nodiscard]] std::size_t size() const { return width_ * kTileRows; }

  void take(const Block& block) {
    const kernels::BlockWeights from = weights_.block(block);
    block_.form = weights_.form_of(block.expand);
    block_.hidden = weights_.hidden(block.expand);
    block_.inner = weights_.inner(block.expand);
    block_.w_in.assign(from.w_in, from.w_in + block_.inner * width_);
    block_.b_in.assign(from.b_in, from.b_in + block_.inner);
    block_.w_out.assign(from.w_out, from.w_out + block_.hidden * width_);
    block_.b_out.assign(from.b_out, from.b_out + width_);
  }

  /// What the expand piece or the head is given.
  const double* normed(const BlockForm& form, const double* state) {
    if (form.norm == Norm::none) return state;
    normed_.assign(state, state + size());
    using Tile = Eigen::Matrix<double, Eigen::Dynamic, static_cast<int>(kTileRows), Eigen::RowMajor>;
    Eigen::Map<Tile> rows(normed_.data(), static_cast<Eigen::Index>(width_), static_cast<int>(kTileRows));
    normalise_all<RowsAre::columns>(form, rows);
    return normed_.data();
  }

  void activate_hidden() {
    const Activation activation = weights_.activation();
    for (std::size_t j = 0; j < block_.hidden; ++j) {
      double* const z = hidden_.data() + j * kTileRows;
      const double bias = block_.b_in[j];
      if (activation == Activation::relu) {
        for (std::size_t row = 0; row < kTileRows; ++row) z[row] = std::max(z[row] + bias, 0.0);
      } else {
        for (std::size_t row = 0; row < kTileRows; ++row) z[row] = activate(activation, z[row] + bias);
      }
      if (!block_.form.gated) continue;
      const double* const up = z + block_.hidden * kTileRows;
      const double up_bias = block_.b_in[block_.hidden + j];
      for (std::size_t row = 0; row < kTileRows; ++row) z[row] *= up[row] + up_bias;
    }
  }

  const SharedWeights& weights_;
  std::size_t width_;
  std::size_t tiles_;
  TileBuffer64 states_;  // [tiles][width][kTileRows]
  TileBuffer64 normed_, hidden_, residual_;
  Block64 block_;
};

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
