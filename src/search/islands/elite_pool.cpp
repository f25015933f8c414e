#include "search/islands/elite_pool.hpp"

#include <algorithm>
#include <map>

namespace kintsugi {

namespace {

double all_pairs(std::size_t blocks) { return static_cast<double>(blocks * (blocks - 1)) / 2; }

}  // namespace

bool DistanceRule::alike(const Blocks& a, const Blocks& b) const {
  const OrderDistance apart = distance(a, b);
  return apart.pairs == 0 && static_cast<double>(apart.inversions) <= share_ * all_pairs(a.size());
}

bool ElitePool::offer(const Elite& elite) {
  const auto like = [&](const Elite& other) { return rule_.alike(other.blocks, elite.blocks); };
  for (const Elite& other : elites_) {
    if (like(other) && !(elite.mse < other.mse)) return false;
  }
  std::erase_if(elites_, like);
  const auto place = std::ranges::upper_bound(elites_, elite.mse, {}, &Elite::mse);
  if (place == elites_.end() && elites_.size() == capacity_) return false;
  elites_.insert(place, elite);
  if (elites_.size() > capacity_) elites_.pop_back();
  return true;
}

Consensus ElitePool::consensus() const {
  Consensus result;
  if (elites_.size() < 2) return result;
  const Blocks& first = elites_.front().blocks;
  const std::size_t blocks = first.size();
  std::vector<char> agreed(blocks * blocks, 1);
  std::vector<char> paired(blocks, 1);
  for (const Elite& elite : elites_) {
    const std::vector<std::size_t> positions = positions_in(first, elite.blocks);
    for (std::size_t a = 0; a < blocks; ++a) {
      if (elite.blocks[positions[a]].compress != first[a].compress) paired[a] = 0;
      for (std::size_t b = a + 1; b < blocks; ++b) {
        if (positions[a] > positions[b]) agreed[a * blocks + b] = 0;
      }
    }
  }
  double same = 0;
  for (std::size_t a = 0; a < blocks; ++a)
    same += static_cast<double>(std::count(&agreed[a * blocks + a], &agreed[a * blocks] + blocks, 1));
  same -= static_cast<double>(blocks);  // a block with itself
  if (blocks > 1) result.order = same / all_pairs(blocks);
  result.pairs = static_cast<double>(std::ranges::count(paired, 1)) / static_cast<double>(blocks);
  return result;
}

}  // namespace kintsugi
