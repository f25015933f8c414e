#include "search/islands/planted_islands.hpp"

#include <stdexcept>

#include "objective/reference.hpp"

namespace kintsugi::testing {

PlantedIslands::PlantedIslands(const mpi::Comm& world, const PlantedProblem& problem, const SearchOptions& options)
    : options_(&options),
      weights_(world, problem.network, roles_of(problem)),
      rows_(problem.rows),
      group_(world, weights_, rows_, options),
      floor_(group_.evaluator(), options.tolerance) {}

ScoredOrder PlantedIslands::scored(const Blocks& order) {
  return {order, evaluator().error(order, all_tiles()), all_tiles()};
}

Island PlantedIslands::make_island(int number) {
  return {options_->search,
          SearchContext{evaluator(), group_.model(), options_->parameters, {}, options_->seed, number, {}}, floor_};
}

std::vector<Island> PlantedIslands::begun_at(const std::vector<Blocks>& starts) {
  std::vector<Island> islands;
  for (const int number : group_.own()) {
    islands.push_back(make_island(number));
    islands.back().begin(scored(starts[static_cast<std::size_t>(number)]), all_tiles());
  }
  return islands;
}

PlantedProblem noise_and_a_copy() {
  PlantedOptions options;
  options.blocks = 8;
  options.width = 8;
  options.hidden = {16};
  options.rows = 800;
  options.pair_signal = 1;
  options.depth = DepthTrend::none;
  options.residual = 0.3;
  options.noise = 0.05;
  options.copies = 1;
  return make_planted(options);
}

Blocks twin_of(const Blocks& order, const Network& network) {
  const auto weight = [&](int piece) { return network.pieces[static_cast<std::size_t>(piece)].weight; };
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      if (weight(order[a].expand) != weight(order[b].expand)) continue;
      Blocks twin = order;
      std::swap(twin[a], twin[b]);
      return twin;
    }
  }
  throw std::logic_error("no block is a copy of another");
}

}  // namespace kintsugi::testing
