#include "objective/near_pair_equations.hpp"

#include <utility>

#include "core/stop.hpp"
#include "objective/forward_backward.hpp"
#include "objective/near_differences.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

using kernels::kTileRows;

NearPairEquations near_pair_equations(Evaluator& evaluator, const Blocks& blocks, std::size_t reach,
                                      std::size_t tiles) {
  NearPairEquations result{.pairs = near_pairs(blocks.size(), reach), .gram = {}, .along = {}};
  const std::size_t pairs = result.pairs.size();
  ForwardBackward passes(evaluator);
  NearDifferences differences;
  NormalEquations equations(pairs, 1);
  mpi::ExactSums squares(1);
  const std::size_t channels = passes.channels();
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    std::vector<float> errors(channels * kTileRows);
    std::vector<float> slopes(pairs * kTileRows);
    const std::vector<Layer> layers = layers_of(evaluator, blocks);
    for (const RowTile* const rows : evaluator.own_tiles(tiles)) {
      if (stop_heard()) break;
      passes.forward(*rows, layers, errors.data());
      for (std::size_t c = 0; c < channels && !stop_heard(); ++c) {
        passes.backward(*rows, layers, c);
        for (std::size_t i = 0; i < pairs; ++i) {
          differences.effect(passes, layers, result.pairs[i].first, result.pairs[i].second,
                             slopes.data() + i * kTileRows);
        }
        const float* const targets = errors.data() + c * kTileRows;
        double square = 0;
        for (std::size_t row = 0; row < kTileRows; ++row) square += static_cast<double>(targets[row]) * targets[row];
        squares.add(0, square);
        equations.add_slopes(slopes);
        equations.add_targets(slopes, targets, errors.size());
      }
    }
  }
  const auto count = static_cast<std::int64_t>(blocks.size() * (1 + channels) + 2 * pairs * channels);
  evaluator.count_blocks(count, tiles);
  evaluator.reduce(squares);
  equations.reduce(evaluator);
  NormalEquations::System sums = equations.system();
  result.gram = std::move(sums.normal);
  result.along = sums.along.col(0);
  result.square = squares.value(0);
  return result;
}

}  // namespace kintsugi
