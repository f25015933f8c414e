#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What blocks have beside expand - act - compress.
struct GrammarOptions {
  BlockForm form;
  bool gain = true;    ///< norms have a gain and, LayerNorm where there are biases, a bias
  bool scale = false;  ///< residuals are scaled, a number for each feature

  /// The kinds of parts that each block has, in the order of ResidualBlock::parts.
  [[nodiscard]] std::vector<PartKind> kinds() const;
};

/// One block of a network that is still in order: x + W_out act(W_in x + b_in) + b_out, and what its parts add to that.
/// The pieces' indices and sources are not set.
struct ResidualBlock {
  Piece expand;    ///< [h x d]
  Piece compress;  ///< [d x h]
  std::vector<std::pair<PartKind, Piece>> parts = {};
};

/// The block with its parts in its two pieces, in float64: see fold(). `norm`: the network's.
struct FoldedBlock {
  PieceF64 expand;
  PieceF64 compress;
};
[[nodiscard]] FoldedBlock fold(const ResidualBlock& block, Norm norm);

/// A shuffled problem and its answer.
struct SyntheticProblem {
  Network network;  ///< the pieces' indices are 0 .. 2L and equal their positions; parts have the indices behind them
  Rows rows;
  Assembly truth;
};

/// How far the network in its true order, evaluated in float64, is from the predictions of its problem: what rounding,
/// and noise where it was asked for, did to them.
struct TruthError {
  double mse = 0;
  double largest = 0;  ///< over rows and outputs
};

/// The shuffle of a network of `blocks` blocks: which index each piece gets. A pure function of its arguments.
[[nodiscard]] Assembly shuffle_pieces(std::size_t blocks, std::uint64_t seed);

/// The same for `kinds` parts of each block: the indices of block t's are entries t * kinds and on, each behind those
/// of the pieces.
[[nodiscard]] std::vector<int> shuffle_parts(std::size_t blocks, std::size_t kinds, std::uint64_t seed);

/// Where the pieces of a network go.
struct Scatter {
  Assembly truth;
  std::vector<int> parts;  ///< see shuffle_parts()
};

/// The anonymous pieces of a network: those of block t go to the indices truth.blocks[t], the head to truth.head, parts
/// to theirs. `blocks` has as many entries as `truth.blocks`.
[[nodiscard]] Network scatter_pieces(std::vector<ResidualBlock> blocks, Piece head, const Scatter& scatter,
                                     Activation activation, const BlockForm& form = {});

}  // namespace kintsugi
