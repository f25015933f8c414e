#pragma once

#include <Eigen/Core>
#include <string_view>
#include <vector>

#include "core/order.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// Which of a block's pieces a feature is made of: the one that reads the stream, the one that writes to it, or both.
enum class Side { reader, writer, both };

/// How alike blocks are in one feature of their weights.
struct FeatureSimilarity {
  std::string_view name;
  Side side = Side::both;
  Eigen::MatrixXd
      cosines;  ///< [L x L], of the features with their mean over all blocks taken off; the diagonal is zero
};

/// The similarities of the blocks of `pairing` in what they read from and write to the residual stream, whose basis is
/// the same for all blocks: norms of the rows of W_out and the columns of W_in, b_out, W_in^T b_in, the Gram matrices
/// W_in^T W_in and W_out W_out^T, the product P = W_out W_in and its diagonal, and the head's rows times P and W_out
/// W_out^T. In trained networks many of them change smoothly with depth. Features that all blocks share, such as
/// missing biases, are left out. `head` is a position in Network::pieces. Not collective, deterministic; 2 L d^2 (3 h +
/// 3 L) operations and L d^2 floats of memory.
[[nodiscard]] std::vector<FeatureSimilarity> block_similarities(const Network& network, const Blocks& pairing,
                                                                int head);

}  // namespace kintsugi
