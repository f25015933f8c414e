#include "cli/comparison.hpp"

#include <algorithm>
#include <tuple>

namespace kintsugi::cli {

namespace {

/// For each piece, the position of the block that it expands; -1: none.
std::vector<int> blocks_by_expand(const Assembly& assembly) {
  std::vector<int> block_of(2 * assembly.blocks.size() + 1, -1);
  for (std::size_t t = 0; t < assembly.blocks.size(); ++t) {
    block_of[static_cast<std::size_t>(assembly.blocks[t].expand)] = static_cast<int>(t);
  }
  return block_of;
}

/// Expand pieces of `assembly` that `other` has too, in the order of `assembly`, renumbered by ascending piece.
std::vector<int> common_order(const Assembly& assembly, const std::vector<int>& other) {
  std::vector<int> expand;
  for (const Block& block : assembly.blocks) {
    if (other[static_cast<std::size_t>(block.expand)] >= 0) expand.push_back(block.expand);
  }
  std::vector<int> sorted = expand;
  std::ranges::sort(sorted);
  for (int& piece : expand) piece = static_cast<int>(std::ranges::lower_bound(sorted, piece) - sorted.begin());
  return expand;
}

}  // namespace

Comparison compare(const Assembly& a, const Assembly& b) {
  Comparison comparison;
  const std::vector<int> entries_a = to_permutation(a);
  const std::vector<int> entries_b = to_permutation(b);
  for (std::size_t i = 0; i < entries_a.size(); ++i) {
    if (entries_a[i] != entries_b[i]) comparison.differing.push_back(i);
  }
  const std::vector<int> in_a = blocks_by_expand(a);
  const std::vector<int> in_b = blocks_by_expand(b);
  for (const Block& block : a.blocks) {
    const int t = in_b[static_cast<std::size_t>(block.expand)];
    if (t < 0 || b.blocks[static_cast<std::size_t>(t)].compress != block.compress)
      comparison.wrong_pairs.push_back(block);
  }
  const std::vector<int> order_a = common_order(a, in_b);
  comparison.inversions = kendall_distance(order_a, common_order(b, in_a));
  const auto n = static_cast<double>(order_a.size());
  if (order_a.size() > 1) comparison.kendall_tau = 1 - 4 * static_cast<double>(comparison.inversions) / (n * (n - 1));
  comparison.reversed_inversions = order_a.size() * (order_a.size() - 1) / 2 - comparison.inversions;
  comparison.same_head = a.head == b.head;
  return comparison;
}

Assembly with_equal_pieces_as(const NetworkF64& network, const Assembly& like, const Assembly& other) {
  using Content = std::tuple<std::size_t, const std::vector<double>&, const std::vector<double>&>;
  const auto content = [&](int position) -> Content {
    const PieceF64& piece = network.pieces[static_cast<std::size_t>(position)];
    return {piece.in, piece.weight, piece.bias};
  };
  const auto by_class = [&](const Assembly& assembly) {
    std::vector<int> pieces = to_permutation(assembly);
    std::ranges::stable_sort(pieces, [&](int a, int b) { return content(a) < content(b); });
    return pieces;
  };
  const std::vector<int> names = by_class(like);
  const std::vector<int> pieces = by_class(other);
  std::vector<int> name_of(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) name_of[static_cast<std::size_t>(pieces[i])] = names[i];
  std::vector<int> renamed;
  renamed.reserve(pieces.size());
  for (const int piece : to_permutation(other)) renamed.push_back(name_of[static_cast<std::size_t>(piece)]);
  return from_permutation(renamed);
}

}  // namespace kintsugi::cli
