#include "objective/near_differences.hpp"

#include <algorithm>

#include "objective/near_pairs.hpp"

namespace kintsugi {

using kernels::kTileRows;

void NearDifferences::add_response(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t b,
                                   std::size_t other, float sign, float* effect) {
  const std::size_t size = passes.size();
  const float* const x = passes.state(b);
  const float* const r = passes.residual(b);
  const float* const g = passes.gradient(b + 1);
  const float* const shift = passes.residual(other);
  for (std::size_t i = 0; i < size; ++i) shifted_[i] = x[i] + sign * shift[i];
  layers[b].kernel->residual(layers[b].weights, shifted_.data(), response_.data(), hidden_.data());
  for (std::size_t i = 0; i < size; i += kTileRows) {
    for (std::size_t row = 0; row < kTileRows; ++row) effect[row] += g[i + row] * (response_[i + row] - r[i + row]);
  }
}

void NearDifferences::effect(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t a, std::size_t b,
                             float* effect) {
  shifted_.resize(passes.size());
  response_.resize(passes.size());
  hidden_.resize(hidden_tile(layers));
  std::fill_n(effect, kTileRows, 0.0F);
  add_response(passes, layers, a, b, 1, effect);
  add_response(passes, layers, b, a, -1, effect);
}

void NearDifferences::replace(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t reach,
                              float* effects) {
  const std::size_t blocks = layers.size();
  for (const auto& [a, b] : near_pairs(blocks, reach)) {
    float* const one = effects + (a * blocks + b) * kTileRows;
    float* const opposite = effects + (b * blocks + a) * kTileRows;
    effect(passes, layers, a, b, one);
    for (std::size_t row = 0; row < kTileRows; ++row) opposite[row] = -one[row];
  }
}

}  // namespace kintsugi
