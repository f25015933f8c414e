#include "kernels/block.hpp"

#include "kernels/code.hpp"

namespace kintsugi::kernels {

BlockKernel::BlockKernel(std::size_t width, std::size_t hidden, Activation activation)
    : width_(width),
      hidden_(hidden),
      activation_(activation),
      expand_(hidden, width, false),
      compress_(width, hidden, false),
      expand_back_(width, hidden, false),
      compress_back_(hidden, width, false) {}

void BlockKernel::residual(const BlockWeights& block, const float* x, float* r, float* hidden) const {
  expand_(x, block.w_in, hidden);
  activate_tile(activation_, block.b_in, hidden_, hidden);
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
  expand_(x, block.w_in, a);
  activate_tile_with_slope(activation_, block.b_in, hidden_, a, slope);
}

void BlockKernel::pull_back(const BlockWeights& block, const float* slope, const float* g, float* u,
                            float* hidden) const {
  pull_back_to_hidden(block, slope, g, hidden);
  expand_back_(hidden, block.w_in_t, u);
}

void BlockKernel::pull_back_to_hidden(const BlockWeights& block, const float* slope, const float* g, float* h) const {
  compress_back_(g, block.w_out_t, h);
  code().scale(slope, hidden_ * kTileRows, h);
}

void activate_tile(Activation activation, const float* bias, std::size_t features, float* z) {
  code().activate_tile(activation, bias, features, z);
}

void activate_tile_with_slope(Activation activation, const float* bias, std::size_t features, float* z, float* slope) {
  code().activate_tile_with_slope(activation, bias, features, z, slope);
}

}  // namespace kintsugi::kernels
