#pragma once

#include "kintsugi/core/parameters.hpp"
#include "search/island_search.hpp"

namespace kintsugi {

/// Whether an island gives up its own order for a migrant: only once it finds no better orders of its own.
class Replacement {
 public:
  explicit Replacement(const MigrationParameters& parameters) : parameters_(parameters) {}

  /// Whether accepts() can say yes for some error: others need not be evaluated.
  [[nodiscard]] bool open(const IslandSearch& search) const {
    return search.idle_perturbations() >= parameters_.patience;
  }
  /// `error` is the migrant's on the island's own sample.
  [[nodiscard]] bool accepts(const IslandSearch& search, double error) const {
    return open(search) && error < search.best().mse * (1 - parameters_.better);
  }

 private:
  MigrationParameters parameters_;
};

}  // namespace kintsugi
