#include "objective/network64.hpp"

#include <Eigen/Core>
#include <algorithm>

#include "core/block_math.hpp"
#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

Network64::Network64(const SharedWeights& weights, std::span<const RowTile* const> tiles)
    : weights_(&weights), width_(weights.roles().width), tiles_(tiles.size()) {
  states_.reserve(tiles_ * size());
  for (const RowTile* const tile : tiles) states_.insert(states_.end(), tile->inputs, tile->inputs + size());
  residual_.resize(size());
}

const double* Network64::state(std::size_t tile) {
  return normed(weights_->form().before_head(), states_.data() + tile * size());
}

void Network64::predict(std::size_t tile, std::span<double> outputs) {
  const double* const given = state(tile);
  for (std::size_t q = 0; q < weights_->roles().outputs; ++q) {
    double* const of_output = outputs.data() + q * kTileRows;
    std::fill_n(of_output, kTileRows, static_cast<double>(weights_->head_bias()[q]));
    for (std::size_t f = 0; f < width_; ++f) {
      const double weight = weights_->head_weight()[q * width_ + f];
      for (std::size_t row = 0; row < kTileRows; ++row) of_output[row] += weight * given[f * kTileRows + row];
    }
  }
}

void Network64::advance(const Block& block) {
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

void Network64::take(const Block& block) {
  const kernels::BlockWeights from = weights_->block(block);
  block_.form = weights_->form_of(block.expand);
  block_.hidden = weights_->hidden(block.expand);
  block_.inner = weights_->inner(block.expand);
  block_.w_in.assign(from.w_in, from.w_in + block_.inner * width_);
  block_.b_in.assign(from.b_in, from.b_in + block_.inner);
  block_.w_out.assign(from.w_out, from.w_out + block_.hidden * width_);
  block_.b_out.assign(from.b_out, from.b_out + width_);
}

const double* Network64::normed(const BlockForm& form, const double* state) {
  if (form.norm == Norm::none) return state;
  normed_.assign(state, state + size());
  using Tile = Eigen::Matrix<double, Eigen::Dynamic, static_cast<int>(kTileRows), Eigen::RowMajor>;
  Eigen::Map<Tile> rows(normed_.data(), static_cast<Eigen::Index>(width_), static_cast<int>(kTileRows));
  normalise_all<RowsAre::columns>(form, rows);
  return normed_.data();
}

void Network64::activate_hidden() {
  const Activation activation = weights_->activation();
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

}  // namespace kintsugi
