#include "kernels/block.hpp"

#include <algorithm>

#include "kernels/code.hpp"

namespace kintsugi::kernels {

BlockKernel::BlockKernel(std::size_t width, std::size_t hidden, Activation activation, const BlockForm& form)
    : width_(width),
      hidden_(hidden),
      inner_(form.gated ? 2 * hidden : hidden),
      activation_(activation),
      form_(form),
      normed_(form.norm == Norm::none ? 0 : (width + 1) * kTileRows),
      expand_(inner_, width, false),
      compress_(width, hidden, false),
      expand_back_(width, inner_, false),
      compress_back_(hidden, width, false) {}

std::size_t BlockKernel::slope_size() const noexcept { return inner_ * kTileRows + normed_.size(); }

const float* BlockKernel::expanded_input(const float* x, const float* slope) const noexcept {
  return form_.norm == Norm::none ? x : slope + inner_ * kTileRows;
}

void BlockKernel::activate_inner(const BlockWeights& block, float* z) const {
  activate_tile(activation_, block.b_in, hidden_, z);
  if (!form_.gated) return;
  float* const up = z + hidden_ * kTileRows;
  code().add_bias(block.b_in + hidden_, hidden_, up);
  code().scale(up, hidden_ * kTileRows, z);
}

void BlockKernel::residual(const BlockWeights& block, const float* x, float* r, float* hidden) const {
  if (form_.norm != Norm::none && block.normed) {
    float* const normed = normed_.data();
    kernels::normalise_tile(form_, width_, x, normed);
    x = normed;
  }
  expand_(x, block.w_in, hidden);
  activate_inner(block, hidden);
  compress(block, hidden, r);
}

void BlockKernel::compress(const BlockWeights& block, const float* a, float* r) const {
  compress_(a, block.w_out, r);
  code().add_bias(block.b_out, width_, r);
}

void BlockKernel::residual_and_slope(const BlockWeights& block, const float* x, float* r, float* hidden,
                                     float* slope) const {
  activate(block, x, hidden, slope);
  compress(block, hidden, r);
}

void BlockKernel::activate(const BlockWeights& block, const float* x, float* a, float* slope) const {
  if (form_.norm != Norm::none) {
    float* const normed = slope + inner_ * kTileRows;
    if (block.normed)
      kernels::normalise_tile(form_, width_, x, normed);
    else
      std::copy_n(x, width_ * kTileRows, normed);
    x = normed;
  }
  expand_(x, block.w_in, a);
  activate_tile_with_slope(activation_, block.b_in, hidden_, a, slope);
  if (!form_.gated) return;
  const std::size_t half = hidden_ * kTileRows;
  code().add_bias(block.b_in + hidden_, hidden_, a + half);
  std::copy_n(a, half, slope + half);
  code().scale(a + half, half, slope);
  code().scale(a + half, half, a);
}

void BlockKernel::pull_back(const BlockWeights& block, const float* slope, const float* g, float* u,
                            float* hidden) const {
  pull_back_to_hidden(block, slope, g, hidden);
  expand_back_(hidden, block.w_in_t, u);
  if (form_.norm == Norm::none || !block.normed) return;
  kernels::pull_through_norm(form_, width_, slope + inner_ * kTileRows, u);
}

void BlockKernel::pull_back_to_hidden(const BlockWeights& block, const float* slope, const float* g, float* h) const {
  compress_back_(g, block.w_out_t, h);
  if (form_.gated) std::copy_n(h, hidden_ * kTileRows, h + hidden_ * kTileRows);
  code().scale(slope, inner_ * kTileRows, h);
}

void normalise_tile(const BlockForm& form, std::size_t width, const float* x, float* normed) {
  code().normalise_tile(form, width, x, normed, normed + width * kTileRows);
}

void pull_through_norm(const BlockForm& form, std::size_t width, const float* normed, float* gradients) {
  code().pull_through_norm(form, width, normed, normed + width * kTileRows, gradients);
}

void activate_tile(Activation activation, const float* bias, std::size_t features, float* z) {
  code().activate_tile(activation, bias, features, z);
}

void activate_tile_with_slope(Activation activation, const float* bias, std::size_t features, float* z, float* slope) {
  code().activate_tile_with_slope(activation, bias, features, z, slope);
}

}  // namespace kintsugi::kernels
