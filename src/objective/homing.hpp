#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/core/parameters.hpp"
#include "mpi/exact_sums.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"

namespace kintsugi {

/// Where each block is at home: a block is least active on the states among which it was trained.
///
/// For every block and every place of an order: the mean square A of the block's activations on the states there, and
/// the mean G of |act'(.) W_out^T g|^2 / |g|^2 over the gradients g there. Of log(A G), the mean over the places and
/// the one over the blocks are taken off; a block's home is where that is least. Predictions are not used, only inputs.
/// Far from the truth homes are worth little; near it most are right to a place, and do not follow an error that was
/// lowered at the order's cost. A few are anywhere: use them with a distribution that has heavy tails.
///
/// With L blocks, width d, hidden size h: 4 L^2 d h operations a row, 2 L (L + 1) exact sums.
class Homing {
 public:
  /// `evaluator` must outlive it. Not collective.
  Homing(Evaluator& evaluator, const HomingParameters& parameters);

  /// The table for the blocks of an order, by their present positions, and the positions where they might be instead:
  /// [blocks][blocks]. Empty of more blocks than the parameters allow, and where an activation overflows or none is
  /// ever active. Collective over the evaluator's island; equal results on all ranks and grids.
  [[nodiscard]] Eigen::MatrixXd table(const Blocks& blocks);

 private:
  void add_tile(const RowTile& rows, std::span<const Layer> layers);
  void add_place(const RowTile& rows, const Layer& layer, std::size_t at, std::size_t place);

  Evaluator* evaluator_;
  HomingParameters parameters_;
  ForwardBackward passes_;
  mpi::ExactSums activity_{0};  // [blocks][places] A, then the same of G
  std::vector<float> norms_;    // |g|^2 of each place's rows: [places][kTileRows]
  kernels::TileBuffer hidden_, slope_;
};

/// The position at most `reach` from `about` where a block, a row of the table, is at home. Not collective.
[[nodiscard]] std::size_t home_within(const Eigen::MatrixXd& table, std::size_t block, double about, double reach);

}  // namespace kintsugi
