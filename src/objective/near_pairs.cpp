#include "objective/near_pairs.hpp"

#include <algorithm>

namespace kintsugi {

std::vector<PositionPair> near_pairs(std::size_t positions, std::size_t reach) {
  std::vector<PositionPair> pairs;
  for (std::size_t first = 0; first < positions; ++first) {
    for (std::size_t second = first + 1; second < std::min(positions, first + reach + 1); ++second) {
      pairs.push_back({first, second});
    }
  }
  return pairs;
}

}  // namespace kintsugi
