#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// A few tiles on every rank of an island: for work on so few rows that ranks without any could not help, and that can
/// be divided by blocks or orders instead.
class SharedSample {
 public:
  /// Tiles [first, first + tiles). Collective over the evaluator's island.
  SharedSample(const Evaluator& evaluator, std::size_t tiles, std::size_t first = 0);

  [[nodiscard]] std::span<const RowTile> tiles() const noexcept { return tiles_; }

  /// Whether this rank works on the item with this number, of which each rank has as many, more or less.
  [[nodiscard]] bool is_mine(std::size_t item) const noexcept { return item % ranks_ == rank_; }

 private:
  std::size_t ranks_;
  std::size_t rank_;
  kernels::TileBuffer numbers_;
  std::vector<RowTile> tiles_;
};

}  // namespace kintsugi
