#include "objective/share_mixtures.hpp"

#include <cstddef>

namespace kintsugi {

namespace {

void add_scaled(float factor, const float* from, kernels::TileBuffer& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

}  // namespace

std::vector<Layer> ShareMixtures::mix(const Evaluator& evaluator, const ShareGroups& groups,
                                      std::span<const double> shares) {
  const SharedWeights& weights = evaluator.weights();
  const std::size_t width = weights.roles().width;
  const Blocks& blocks = groups.blocks();
  std::vector<Layer> layers = layers_of(evaluator, blocks);
  mixtures_.resize(blocks.size());
  for (const ShareGroups::Group& group : groups.groups()) {
    const double* share = shares.data() + group.shares;
    for (const std::size_t p : group.positions) {
      Mixture& mixture = mixtures_[p];
      const std::size_t hidden = layers[p].kernel->hidden();
      mixture.w_out.assign(width * hidden, 0.0F);
      mixture.w_out_t.assign(width * hidden, 0.0F);
      mixture.b_out.assign(width, 0.0F);
      for (const int compress : group.compress) {
        const kernels::BlockWeights part = weights.block({blocks[p].expand, compress});
        const auto factor = static_cast<float>(*share++);
        add_scaled(factor, part.w_out, mixture.w_out);
        add_scaled(factor, part.w_out_t, mixture.w_out_t);
        add_scaled(factor, part.b_out, mixture.b_out);
      }
      layers[p].weights.w_out = mixture.w_out.data();
      layers[p].weights.w_out_t = mixture.w_out_t.data();
      layers[p].weights.b_out = mixture.b_out.data();
    }
  }
  return layers;
}

}  // namespace kintsugi
