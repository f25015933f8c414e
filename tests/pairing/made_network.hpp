#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi::testing {

/// What the weights of a made network say about its pairs. With all three at 0 they are independent Gaussian numbers.
struct MadeOptions {
  std::size_t blocks = 16;
  std::size_t width = 24;
  std::vector<std::size_t> hidden{48};  ///< of the blocks in turn, repeated from the start
  std::size_t outputs = 1;
  double dominance = 0;  ///< share of -W_in^T in W_out, 0 .. 1: a negative diagonal
  double balance = 0;    ///< spread (of the logarithm) of the hidden units' scale, common to W_in and W_out
  double stream = 0;     ///< spread (of the logarithm) of the residual dimensions' scale, common to all blocks
  double common = 0;     ///< share of K W_in^T in W_out, 0 .. 1, with K one fixed matrix [d x d] without a diagonal
  std::uint64_t seed = 1;
};

/// A network in random order of its pieces. Indices equal positions, sources are "made/<index>".
struct MadeNetwork {
  Network network;
  Roles roles;
  Assembly truth;  ///< positions
  RowShape shape;
  /// The compress piece that belongs to `expand`, -1 for another piece.
  [[nodiscard]] int partner(int expand) const;
};

[[nodiscard]] MadeNetwork make_network(const MadeOptions& options);

/// Replaces the weights of a piece by independent Gaussian numbers.
void blank(Piece& piece, std::uint64_t seed);

}  // namespace kintsugi::testing
