#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What blocks have beside expand - act - compress, and what stands before the head.
struct GrammarOptions {
  BlockForm form;
  bool gain = true;        ///< norms have a gain and, LayerNorm where there are biases, a bias
  bool scale = false;      ///< residuals are scaled, a number for each feature
  double share = 1;        ///< of the blocks that have a norm, likewise a gate, and a scale; the first block has all
  std::uint64_t seed = 1;  ///< which these are

  /// The kinds of parts that a block has, in the order of ResidualBlock::parts.
  [[nodiscard]] std::vector<PartKind> kinds(std::size_t block) const;
  /// Whether a norm stands before this block.
  [[nodiscard]] bool normed(std::size_t block) const;
  /// Whether that before the head has a gain.
  [[nodiscard]] bool head_gain() const { return form.head_norm != Norm::none && gain; }
  /// Of a network of so many blocks, the gain before the head among them.
  [[nodiscard]] std::size_t parts(std::size_t blocks) const;

 private:
  [[nodiscard]] bool has(PartKind kind, std::size_t block) const;
};

/// One block of a network that is still in order: x + W_out act(W_in x + b_in) + b_out, and what its parts add to that.
/// The pieces' indices and sources are not set.
struct ResidualBlock {
  Piece expand;    ///< [h x d]
  Piece compress;  ///< [d x h]
  std::vector<std::pair<PartKind, Piece>> parts = {};
  bool normed = true;  ///< the network's norm stands before this block
};

/// The block with its parts in its two pieces, in float64: see fold(). `norm`: what stands before it.
struct FoldedBlock {
  PieceF64 expand;
  PieceF64 compress;
};
[[nodiscard]] FoldedBlock fold(const ResidualBlock& block, Norm norm);

/// For each of `blocks` blocks, the one whose weights it has: its own, but for `copies` of them (fewer than blocks),
/// drawn at random. A pure function of its arguments.
[[nodiscard]] std::vector<std::size_t> draw_originals(std::size_t blocks, std::size_t copies, std::uint64_t seed);

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

/// The same for `parts` parts, in the order of the blocks, that of the head last: the indices behind those of the
/// pieces.
[[nodiscard]] std::vector<int> shuffle_parts(std::size_t blocks, std::size_t parts, std::uint64_t seed);

/// Where the pieces of a network go.
struct Scatter {
  Assembly truth;
  std::vector<int> parts;  ///< see shuffle_parts()
};

/// The anonymous pieces of a network: those of block t go to the indices truth.blocks[t], the head to truth.head, parts
/// to theirs. `blocks` has as many entries as `truth.blocks`.
[[nodiscard]] Network scatter_pieces(std::vector<ResidualBlock> blocks, Piece head, std::optional<Piece> head_norm,
                                     const Scatter& scatter, Activation activation, const BlockForm& form = {});

}  // namespace kintsugi
