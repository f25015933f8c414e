#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kintsugi/core/assembly.hpp"

namespace kintsugi {

/// The blocks of an assembly in order; the head is the same for all.
using Blocks = std::vector<Block>;

/// One block taken from position `from` and put at position `to`; those between move up by one.
struct Insertion {
  int from = 0;
  int to = 0;
  double change = 0;  ///< of the MSE, predicted; negative is better
};

/// Applies an insertion to any sequence.
template <class T>
void insert_in(std::vector<T>& sequence, int from, int to) {
  const T moved = sequence[static_cast<std::size_t>(from)];
  sequence.erase(sequence.begin() + from);
  sequence.insert(sequence.begin() + to, moved);
}

/// Where a block is in an order that has it.
[[nodiscard]] inline int position_of(int expand, const Blocks& order) {
  return static_cast<int>(std::ranges::find(order, expand, &Block::expand) - order.begin());
}

/// Positions of a's blocks in b, in a's order; a block is known by its expand piece.
[[nodiscard]] std::vector<std::size_t> positions_in(const Blocks& a, const Blocks& b);

/// Number of pairs of blocks that stand in another order in `a` than in `b`, of those whose expand pieces are in both
/// (Kendall distance), and of blocks with another compress piece.
struct OrderDistance {
  std::size_t inversions = 0;
  std::size_t pairs = 0;
};
[[nodiscard]] OrderDistance distance(const Blocks& a, const Blocks& b);

}  // namespace kintsugi
