#pragma once

#include <cstddef>
#include <vector>

namespace kintsugi {

/// Two positions of an order, first < second.
struct PositionPair {
  std::size_t first = 0;
  std::size_t second = 0;
};

/// All pairs of 0 .. positions-1 that are at most `reach` apart, in ascending order. Not collective.
[[nodiscard]] std::vector<PositionPair> near_pairs(std::size_t positions, std::size_t reach);

}  // namespace kintsugi
