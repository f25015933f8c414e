#include "support/planted.hpp"

#include <cmath>
#include <utility>

namespace kintsugi::testing {

PlantedProblem make_planted(const PlantedOptions& options) {
  SyntheticProblem problem = plant_network(options);
  return {std::move(problem.network), std::make_shared<Rows>(std::move(problem.rows)), std::move(problem.truth)};
}

PlantedProblem make_planted(std::size_t blocks, std::size_t width, std::size_t rows, std::uint64_t seed) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = width;
  options.hidden = {2 * width};
  options.rows = rows;
  options.seed = seed;
  // Well below what this width can carry, well above the scatter of wrong pairs.
  options.pair_signal = 0.35 * std::sqrt(static_cast<double>(width));
  return make_planted(options);
}

PlantedOptions silent_options(std::size_t blocks, std::size_t width, std::size_t rows) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = width;
  options.hidden = {2 * width};
  options.rows = rows;
  options.pair_signal = 0;
  options.depth = DepthTrend::none;
  return options;
}

}  // namespace kintsugi::testing
