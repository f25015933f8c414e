#include "core/order.hpp"

#include <map>

namespace kintsugi {

/// Positions of a's blocks in b, in a's order.
std::vector<std::size_t> positions_in(const Blocks& a, const Blocks& b) {
  std::map<int, std::size_t> position;
  for (std::size_t p = 0; p < b.size(); ++p) position[b[p].expand] = p;
  std::vector<std::size_t> positions;
  for (const Block& block : a) positions.push_back(position.at(block.expand));
  return positions;
}

OrderDistance distance(const Blocks& a, const Blocks& b) {
  const std::vector<std::size_t> positions = positions_in(a, b);
  std::vector<int> here;
  std::vector<int> there;
  OrderDistance result;
  for (std::size_t p = 0; p < a.size(); ++p) {
    here.push_back(static_cast<int>(p));
    there.push_back(static_cast<int>(positions[p]));
    if (b[positions[p]].compress != a[p].compress) ++result.pairs;
  }
  result.inversions = kendall_distance(there, here);
  return result;
}

}  // namespace kintsugi
