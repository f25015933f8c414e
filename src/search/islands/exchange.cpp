#include "search/islands/exchange.hpp"

#include <algorithm>

#include "search/islands/gather.hpp"

namespace kintsugi {

Exchange::Exchange(IslandGroup& group, const SearchOptions& options)
    : group_(&group),
      topology_(make_topology(options.topology)),
      replacement_(options.parameters.migration),
      pool_(options.parameters.elite_pool.elites, DistanceRule(options.parameters.elite_pool.distance)) {}

void Exchange::fill_pool(std::vector<Island>& own) {
  // Errors compare on one sample only: the largest that an island has.
  std::int64_t most = 0;
  for (const Island& island : own) most = std::max(most, static_cast<std::int64_t>(island.best().tiles));
  group_->world().max(std::span(&most, 1));
  const auto tiles = static_cast<std::size_t>(most);
  if (tiles != tiles_) pool_.clear();
  tiles_ = tiles;
  const auto write_best = [&](const Island& island, StateArchive& archive) {
    ScoredOrder best = island.best();
    if (best.tiles != tiles) best.mse = group_->evaluator().error(best.blocks, tiles);
    archive(best.blocks, best.mse);
  };
  bests_.clear();
  for (const std::vector<std::int64_t>& words : gather_islands(*group_, own, write_best)) {
    Elite best;
    best.island = static_cast<std::int32_t>(bests_.size());
    StateArchive archive(words);
    archive(best.blocks, best.mse);
    (void)pool_.offer(best);
    bests_.push_back(std::move(best.blocks));
  }
}

void Exchange::migrate(std::vector<Island>& own) const {
  if (!topology_) return;
  for (Island& island : own) {
    std::vector<Blocks> migrants;
    for (const int source : topology_->sources(island.number(), group_->islands())) {
      const Blocks& order = bests_[static_cast<std::size_t>(source)];
      if (order != island.best().blocks) migrants.push_back(order);
    }
    island.receive(migrants, replacement_);
    std::vector<Blocks> elites;
    for (const Elite& elite : pool_.elites()) {
      if (elite.blocks != island.best().blocks) elites.push_back(elite.blocks);
    }
    island.set_elites(elites);
  }
}

ExchangeReport Exchange::report(std::int64_t round) const {
  const Consensus consensus = pool_.consensus();
  return {.round = round,
          .elites = pool_.elites().size(),
          .best = pool_.elites().front().mse,
          .same_order = consensus.order,
          .same_pairs = consensus.pairs};
}

}  // namespace kintsugi
