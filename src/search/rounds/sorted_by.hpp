#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "core/order.hpp"

namespace kintsugi {

/// The blocks of `order` by ascending key(position); equals stay as they are.
template <class Key>
[[nodiscard]] Blocks sorted_by(const Blocks& order, const Key& key) {
  std::vector<std::size_t> positions(order.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::ranges::stable_sort(positions, {}, key);
  Blocks sorted;
  sorted.reserve(order.size());
  for (const std::size_t p : positions) sorted.push_back(order[p]);
  return sorted;
}

}  // namespace kintsugi
