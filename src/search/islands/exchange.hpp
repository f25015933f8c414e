#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kintsugi/search/observer.hpp"
#include "kintsugi/search/options.hpp"
#include "search/islands/elite_pool.hpp"
#include "search/islands/group.hpp"
#include "search/islands/island.hpp"
#include "search/islands/topology.hpp"

namespace kintsugi {

/// How islands hear of each other's orders: their best ones are gathered in a pool of elites; islands that have come to
/// a standstill may take one over (migration), and all may cross theirs with them.
class Exchange {
 public:
  /// Throws UsageError for an unknown topology. `group` must outlive the object.
  Exchange(IslandGroup& group, const SearchOptions& options);

  /// Offers the best orders of all islands to the pool. Collective over the world.
  void fill_pool(std::vector<Island>& own);
  /// Hands orders out, as of the last fill_pool(). Collective over each group.
  void migrate(std::vector<Island>& own) const;
  [[nodiscard]] ExchangeReport report(std::int64_t round) const;
  [[nodiscard]] const std::vector<Elite>& elites() const { return pool_.elites(); }
  void state(StateArchive& archive) {
    archive.tile_count(tiles_);
    archive(pool_);
  }

 private:
  IslandGroup* group_;
  std::unique_ptr<Topology> topology_;  // null: islands do not hear of each other
  Replacement replacement_;
  ElitePool pool_;
  std::size_t tiles_ = 0;      // that the pool's errors are on
  std::vector<Blocks> bests_;  // of all islands, by number
};

}  // namespace kintsugi
