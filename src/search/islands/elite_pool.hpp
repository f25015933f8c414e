#pragma once

#include <cstddef>
#include <vector>

#include "core/order.hpp"
#include "core/state_archive.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// When two orders are too alike for both to be kept.
class DistanceRule {
 public:
  /// `share`: of all pairs of blocks; orders with fewer inversions between them, and no other pairs, are alike.
  explicit DistanceRule(double share) : share_(share) {}
  [[nodiscard]] bool alike(const Blocks& a, const Blocks& b) const;

 private:
  double share_;
};

/// What a set of orders has in common.
struct Consensus {
  double order = 1;  ///< share of the pairs of blocks that stand in the same order in all
  double pairs = 1;  ///< share of the blocks whose compress piece is the same in all
};

/// The best orders of all islands, with their MSE on a sample that all islands know, kept apart by Kendall distance, so
/// that they do not become copies of one wrong order. Best first; equal on all ranks.
class ElitePool {
 public:
  ElitePool(std::size_t capacity, DistanceRule rule) : capacity_(capacity), rule_(rule) {}

  /// Takes the order in: in place of all that are like it where it is better than they are, else as a new one, for
  /// which the worst has to go where there are too many. False where it is left out.
  bool offer(const Elite& elite);
  /// Forgets all: errors on another sample do not compare.
  void clear() noexcept { elites_.clear(); }

  [[nodiscard]] const std::vector<Elite>& elites() const noexcept { return elites_; }
  [[nodiscard]] Consensus consensus() const;

  void state(StateArchive& archive) {
    archive(elites_);
    archive.require(elites_.size() <= capacity_);
    for (const Elite& elite : elites_) archive.require(!elite.blocks.empty());
  }

 private:
  std::size_t capacity_;
  DistanceRule rule_;
  std::vector<Elite> elites_;
};

}  // namespace kintsugi
