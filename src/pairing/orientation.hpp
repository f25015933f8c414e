#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "pairing/statistics.hpp"

namespace kintsugi::pairing {

/// A perfect matching of the vertices 0 .. n-1, n even, by symmetric weights [n x n].
struct SymmetricMatching {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;  ///< ascending; the lower vertex first
  std::vector<char> exact;  ///< per pair: not patched up from an odd cycle, see match_symmetric
};

/// A matching of the largest weight, by reduction to assign(): the assignment of the vertices to themselves is at least
/// as good as the matching counted twice. It falls apart into cycles. Cycles of two are pairs, longer even ones split
/// into pairs of half their weight: without odd cycles the matching found is the best there is. Vertices on odd cycles
/// are paired greedily and marked: their weights decide nothing clearly. The diagonal of `weight` is ignored.
[[nodiscard]] SymmetricMatching match_symmetric(const Table& weight);

/// Two square pieces as a block, in the direction that the weights favour.
struct OrientedPair {
  std::size_t expand = 0;
  std::size_t compress = 0;
  double evidence = 0;  ///< for this direction over the other, at least 0
  bool sure = false;    ///< more evidence than any pair of unrelated pieces shows
};

struct Orientation {
  std::vector<OrientedPair> pairs;  ///< by place in the list given
  std::ptrdiff_t leftover = -1;     ///< the piece without a partner where their number is odd
};

/// Pairs square pieces [d x d] and finds which of each pair expands; see guess_roles() for the method. `anchors` are
/// pieces whose residual side is known: each as a matrix whose columns are that side ([h x d]: W_in, W_out^T or the
/// head).
[[nodiscard]] Orientation orient_squares(std::span<const Piece* const> squares, std::span<const MatrixF> anchors,
                                         const PairingParameters& parameters);

}  // namespace kintsugi::pairing
