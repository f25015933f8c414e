#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// One block of a network that is still in order: x + W_out act(W_in x + b_in) + b_out.
/// The pieces' indices and sources are not set.
struct ResidualBlock {
  Piece expand;    ///< [h x d]
  Piece compress;  ///< [d x h]
};

/// A shuffled problem and its answer.
struct SyntheticProblem {
  Network network;  ///< the pieces' indices are 0 .. 2L and equal their positions
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

/// The anonymous pieces of a network: those of block t go to the indices truth.blocks[t], the head to truth.head.
/// `blocks` has as many entries as `truth.blocks`.
[[nodiscard]] Network scatter_pieces(std::vector<ResidualBlock> blocks, Piece head, const Assembly& truth,
                                     Activation activation);

}  // namespace kintsugi
