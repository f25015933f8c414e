#pragma once

#include <cstdint>
#include <vector>

#include "search/step.hpp"

namespace kintsugi {

/// The whole search of an island: a step that never lets go of its best order and can take others' in.
class IslandSearch : public Step {
 public:
  /// The best order so far on the present sample.
  [[nodiscard]] virtual const ScoredOrder& best() const = 0;
  /// Perturbations and rounds since the last new best order.
  [[nodiscard]] virtual std::int64_t idle_perturbations() const = 0;
  /// Goes on from another island's order, whose error on this search's sample is `mse`.
  virtual void adopt(const Blocks& blocks, double mse) = 0;
  /// Other islands' orders, for crossovers and relocations.
  virtual void set_elites(const std::vector<Blocks>& elites) = 0;
};

}  // namespace kintsugi
