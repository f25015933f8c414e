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

/// Signs of where each block is at home. A block's weights remember the states among which it was trained.
///
/// For every block and every place of an order, were the block taken out and put in there:
/// 1. the logarithm of the mean square of its activations for states of norm one: a block is least active at home;
/// 2. the logarithm of the mean square of act'(.) W_out^T g for gradients g of norm one: and least sensitive;
/// 3. the mean of w . x / |x| over the states x, with w the sum of the rows of W_in: what training takes off the
///    pre-activations is a multiple of the mean state there. On d6, at the truth, its minimum is the block's place for
///    78 % of the blocks.
/// Of each table the mean over the places and the one over the blocks are taken off. Predictions are not used, only
/// inputs. Far from the truth homes are worth little; near it most are right to a place, and do not follow an error
/// that was lowered at the order's cost. A few are anywhere.
///
/// With L blocks, width d, hidden size h: 4 L^2 d h operations a row, 3 L^2 exact sums.
class Homing {
 public:
  /// `evaluator` must outlive it. Not collective.
  Homing(Evaluator& evaluator, const HomingParameters& parameters);

  /// The tables of an order, by the blocks' present positions, and by the positions where they might be instead:
  /// [blocks][blocks], of mean square one. Tables where an activation overflows or none is ever active are left out.
  /// None of more blocks than the parameters allow. Collective over the evaluator's island; equal results on all ranks
  /// and grids.
  [[nodiscard]] std::vector<Eigen::MatrixXd> signs(const Blocks& blocks);

 private:
  static constexpr std::size_t kSigns = 4;

  [[nodiscard]] double mean_state_norm(std::size_t place) const;
  void take_out(std::size_t block, std::size_t place);
  void add_tile(const RowTile& rows, std::span<const Layer> layers);
  void add_place(const RowTile& rows, const Layer& layer, std::size_t at);

  Evaluator* evaluator_;
  HomingParameters parameters_;
  ForwardBackward passes_;
  std::size_t places_ = 0;
  mpi::ExactSums sums_{0};                // [signs][blocks][places]
  kernels::TileBuffer state_, gradient_;  // that the block at hand meets at the place at hand
  kernels::TileBuffer hidden_, slope_;
  std::vector<float> expand_sums_;  // of the rows of its W_in
};

}  // namespace kintsugi
