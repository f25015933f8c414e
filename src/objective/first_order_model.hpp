#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/effect_table.hpp"
#include "objective/evaluator.hpp"
#include "objective/passes.hpp"

namespace kintsugi {

/// The errors of the rows as a function of the order, linear in the pairs that change sides: from one forward and one
/// adjoint pass at an order, the effect D(a, b) of every such pair on every row's prediction (see kernels/screen.hpp).
/// The squared error under the model keeps its quadratic term. Moves can be applied to the model, so that a whole path
/// of moves is predicted without evaluating the network.
///
/// Each rank holds its own tiles; sums over rows are exact, so all ranks see equal numbers. Members are collective
/// unless said otherwise.
class FirstOrderModel {
 public:
  explicit FirstOrderModel(Evaluator& evaluator);

  /// Takes the model at `blocks` on the first `tiles` tiles. False, with the model unusable, where the error there is
  /// not finite. Pairs at most `near` places apart get their effect from differences of the blocks themselves instead
  /// of their Jacobians, which sees the kinks of relu; that costs two block evaluations a pair.
  /// Effects are kept for the channels of Passes; and where they would take more than kMemory on the island, for the
  /// first tiles of the sample only. Predictions are then scaled to the error of the whole sample.
  [[nodiscard]] bool linearise(const Blocks& blocks, std::size_t tiles, std::size_t near = 0);

  static constexpr std::size_t kMemory = std::size_t{4} << 30;  // bytes

  /// MSE at the point of linearisation, on the whole sample.
  [[nodiscard]] double base_error() const noexcept { return base_error_; }
  /// MSE that the model predicts after the moves applied so far.
  [[nodiscard]] double predicted_error() const noexcept { return predicted_error_; }
  /// The order after the moves applied so far.
  [[nodiscard]] const Blocks& blocks() const noexcept { return blocks_; }

  /// Predicted change of the MSE for every insertion by at most `reach` places: [blocks][2 reach + 1], entry
  /// (from, to - from + reach); 0 for the block's own place, +infinity outside. Valid until the next call.
  [[nodiscard]] std::span<const double> screen(std::size_t reach);

  /// Applies moves whose position ranges do not overlap.
  void apply(std::span<const Insertion> moves);

  /// An order's MSE, and how far each of its blocks is to move, in places.
  struct PlaceStep {
    double mse = 0;
    std::vector<double> places;  ///< by position; not finite where the model overflows, empty where `mse` is infinite
  };
  /// The Gauss-Newton step for all blocks' places at once, at `blocks` on the first `tiles` tiles. A block's place
  /// counts as a real number: of two blocks x places apart, that their pair has changed sides counts by the normal
  /// distribution's share at x / `bandwidth`, so that a row's error becomes smooth in the places. Its slopes need
  /// no effects of pairs, only the residuals and adjoints smoothed along the depth. The normal equations are summed
  /// exactly and damped: `damping` times the geometric mean of a diagonal entry and their average is added to it,
  /// halfway between Levenberg (Quart. Appl. Math. 2, 1944) and Marquardt (J. SIAM 11, 1963). Leaves the point of
  /// linearisation as it is.
  [[nodiscard]] PlaceStep place_step(const Blocks& blocks, std::size_t tiles, double bandwidth, double damping);

  /// MSEs that swaps of near blocks can not make up for.
  struct AdjustedErrors {
    double present = 0;         ///< of the order itself
    std::vector<double> moved;  ///< [from.size()][blocks]: with the block at position from[i] put at each position
    /// The coefficients for the order itself: how much the blocks at p and p + 1 are to change sides, or those at p and
    /// p + 2; 1 for a pair that is just on the wrong side. Of all positions, 0 where there is no such pair.
    std::vector<std::array<double, 2>> flips;
  };
  /// What least squares over the effects of all swaps of blocks up to two places apart, with free coefficients, leave
  /// of the MSE at `blocks` (two or more) and after insertions of the blocks at positions `from`: so an order or a move
  /// shows its worth where other blocks have made up for its lack (variable projection: Golub and Pereyra, SIAM J.
  /// Numer. Anal. 10, 1973). The rows' errors after an insertion are exact for the network without the block, to first
  /// order in its residual at its new place; swaps' effects are exact in the blocks between, and linear behind them.
  /// Of the channels of Passes; +infinity where the network overflows. Takes fewer rows than a step of all places does;
  /// five for each block at the least. Leaves the point of linearisation as it is.
  [[nodiscard]] AdjustedErrors adjusted_errors(const Blocks& blocks, std::span<const int> from, std::size_t tiles);

  /// The effects and errors at the point of linearisation on every rank, of the first tiles as far as the effects take
  /// at most `most_bytes` there (one tile at least).
  void gather(EffectTable& table, std::size_t most_bytes);

  /// Change of the MSE where two neighbours are swapped, and its standard error from the rows' spread.
  struct SwapChange {
    double change = 0;
    double standard_error = 0;
  };
  /// Of each two neighbours at the point of linearisation: [blocks - 1].
  [[nodiscard]] std::vector<SwapChange> swap_changes();

  /// How much of the error at the point of linearisation a regression can explain.
  struct Explained {
    double share = 0;      ///< R^2 of the rows' errors
    double by_chance = 0;  ///< what R^2 stays below for errors that have nothing to do with the inputs
    bool noise = false;    ///< there are rows enough to tell, and no more is explained than by chance
  };
  /// Regression of the rows' errors on the inputs and on the effects of swapping blocks a few places apart. The errors
  /// of a wrong order are a function of the inputs and made of such effects; noise in the predictions is not.
  [[nodiscard]] Explained explain_errors();
  /// The same, at `blocks` on all rows, which becomes the point of linearisation; nothing where the error overflows.
  [[nodiscard]] Explained explain_errors(const Blocks& blocks);

  /// Goes back to the point of linearisation. Not collective.
  void rewind();

 private:
  struct Tile {
    const RowTile* rows = nullptr;
    std::size_t effects = 0;  // offset of [channels][blocks][blocks][kTileRows] in effects_
    std::size_t errors = 0;   // offset of [channels][kTileRows] in errors_
  };

  /// For each real row of the tile: 1, the inputs, the effects of `pairs`, and the error.
  void features(const Tile& tile, std::size_t channel, std::span<const std::pair<int, int>> pairs,
                std::span<double> values) const;
  void pack(const Tile& tile, float* to) const;
  void place_slopes(std::size_t blocks, std::span<const float> density, std::span<float> slopes);
  void respond_to_swaps(std::span<const Layer> layers);
  void swap_slopes(std::size_t blocks, std::span<float> slopes) const;
  void insertion_errors(const RowTile& rows, std::span<const Layer> layers, int from, std::span<float> errors);
  [[nodiscard]] std::size_t affordable_tiles(std::size_t blocks) const;
  void refine(std::span<const Layer> layers, std::size_t near, float* effects);
  double sum_of_squares();

  Evaluator* evaluator_;
  Passes passes_;
  std::size_t channels_;
  std::size_t tiles_ = 0;  // that the model is of
  double scale_ = 1;       // of the sample's error to the model's
  std::vector<Tile> own_;
  kernels::TileBuffer effects_;
  kernels::TileBuffer errors_;
  kernels::TileBuffer base_errors_;
  Blocks base_blocks_;
  Blocks blocks_;
  std::vector<int> order_;  // blocks_[p] is base_blocks_[order_[p]]
  double base_error_ = 0;
  double predicted_error_ = 0;

  kernels::TileBuffer shifted_, response_, hidden_, scratch_;
  kernels::TileBuffer smooth_residuals_, smooth_pulled_;
  kernels::TileBuffer swapped_, inserted_;  // [swaps][width][kTileRows], [blocks][width][kTileRows]
  std::vector<double> change_;
  std::vector<std::int64_t> units_;
};

}  // namespace kintsugi
