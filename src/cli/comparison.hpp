#pragma once

#include <cstddef>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi::cli {

/// Where one assembly of a network differs from another.
struct Comparison {
  std::vector<std::size_t> differing;   ///< entries of the permutation with another piece, from 0, ascending
  std::vector<Block> wrong_pairs;       ///< blocks of the first, in its order, that the second does not have
  std::size_t inversions = 0;           ///< pairs of blocks in the other order, a block known by its expand piece
  std::size_t reversed_inversions = 0;  ///< the same with one of the orders turned round
  double kendall_tau = 1;  ///< 1 - 4 inversions / (n (n - 1)) over the n expand pieces both have; 1 for n < 2
  bool same_head = true;
};

/// `a` and `b` are assemblies of the same network. A piece that expands in one and compresses in the other (possible
/// where d = h) takes no part in the order.
[[nodiscard]] Comparison compare(const Assembly& a, const Assembly& b);

/// `other` with equal pieces (number by number) renamed as `like` has them: the first of a class in one is the first in
/// the other, and so on. Both are assemblies of `network`. What the two then differ in, data could tell.
[[nodiscard]] Assembly with_equal_pieces_as(const NetworkF64& network, const Assembly& like, const Assembly& other);

}  // namespace kintsugi::cli
