#include "search/iterated/sample_size.hpp"

#include <algorithm>
#include <vector>

namespace kintsugi {

std::optional<ScoredOrder> on_larger_sample(Evaluator& evaluator, const ScoredOrder& best, const ScoredOrder& incumbent,
                                            const SampleSizeParameters& parameters) {
  const std::size_t tiles = std::min(parameters.growth * incumbent.tiles, evaluator.rows().tiles());
  if (tiles == incumbent.tiles) return std::nullopt;
  const Blocks orders[] = {best.blocks, incumbent.blocks};
  const std::vector<double> errors = evaluator.errors(best.blocks, orders, tiles);
  if (!(errors[0] > parameters.overfitted * best.mse)) return std::nullopt;
  const std::size_t better = errors[1] < errors[0] ? 1 : 0;
  return ScoredOrder{orders[better], errors[better], tiles};
}

}  // namespace kintsugi
