#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/near_pairs.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

/// MSEs that swaps of near blocks can not make up for (variable projection: Golub and Pereyra, SIAM J. Numer. Anal. 10,
/// 1973): so an order or a move shows its worth where other blocks have made up for its lack.
///
/// 1. The rows' errors of an order, and after insertions of some of its blocks at every position: exact for the network
///    without the block, to first order in its residual at its new position.
/// 2. The effects of all swaps of blocks up to kReach positions apart on those errors: exact in the blocks between,
///    linear behind them.
/// 3. Least squares over the swaps' effects with free coefficients; what they leave of each error is the result.
///
/// With L blocks of width d, M of them tried, N rows and C channels: about L (6 + C) + M L (2 + C) block evaluations,
/// and C N (4 L^2 + 4 M L^2) operations for the equations; 2 M L^2 + 2 L^2 exact sums, and (M L + 2 L) C floats and
/// 8 L d floats for each row of a tile, of memory. Takes fewer rows than a PositionStep does; five for each block at
/// the least.
class AdjustedErrors {
 public:
  /// Layout of Result::flips, so fixed here. Swaps of blocks farther apart are many and tell little from near ones.
  static constexpr std::size_t kReach = 2;

  /// `evaluator` must outlive it. Not collective.
  explicit AdjustedErrors(Evaluator& evaluator, const AdjustedErrorParameters& parameters = {});

  struct Result {
    double present = 0;         ///< of the order itself
    std::vector<double> moved;  ///< [from.size()][blocks]: with the block at position from[i] put at each position
    /// The coefficients for the order itself, by position p: how much the blocks at p and p + 1 are to change sides,
    /// and those at p and p + 2; 1 for a pair that is just on the wrong side, 0 where there is no such pair.
    std::vector<std::array<double, kReach>> flips;
  };
  /// At `blocks` (two or more), for the blocks at positions `from`, on the first `tiles` tiles. MSEs of the channels of
  /// ForwardBackward; +infinity where the network overflows. Collective over the evaluator's island; equal results on
  /// all ranks and grids.
  [[nodiscard]] Result solve(const Blocks& blocks, std::span<const int> from, std::size_t tiles);

 private:
  /// A tile's errors of all targets, and the swaps' effects on them.
  struct TileEquations {
    std::vector<float> errors;  // [targets][channels][kTileRows]
    std::vector<float> slopes;  // [channels][swaps][kTileRows]
  };
  /// Adds this rank's tiles to each target's square and to the equations.
  void add_tiles(const Blocks& blocks, std::span<const int> from, std::size_t tiles, mpi::ExactSums& squares,
                 NormalEquations& equations);
  void fill_tile(const RowTile& rows, std::span<const Layer> layers, std::span<const int> from, TileEquations& tile);
  void respond_to_swaps(std::span<const Layer> layers);
  void fill_slopes(std::span<float> slopes) const;
  void insertion_errors(const RowTile& rows, std::span<const Layer> layers, int from, std::span<float> errors);

  Evaluator* evaluator_;
  AdjustedErrorParameters parameters_;
  ForwardBackward passes_;
  std::vector<PositionPair> swaps_;
  kernels::TileBuffer shifted_, response_, hidden_;
  kernels::TileBuffer swapped_;   // what each swap changes in the state behind its second block: [swaps][d][kTileRows]
  kernels::TileBuffer inserted_;  // [blocks][d][kTileRows]
};

}  // namespace kintsugi
