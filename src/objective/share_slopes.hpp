#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/row_equations.hpp"
#include "objective/share_groups.hpp"

namespace kintsugi {

/// The slopes A of the rows' errors e in the shares of a pairing (see ShareGroups), [rows x shares], at given layers:
/// a piece's response to the hidden activations of each block, along the gradient behind it.
///
/// Each rank holds its own tiles; sums over rows are exact, so all ranks see equal numbers. With S shares, L blocks, N
/// rows and C channels: (2 + C) L + S / 2 block evaluations, and 4 N C S bytes on all ranks together.
class ShareSlopes {
 public:
  /// `evaluator` must outlive it. Not collective.
  explicit ShareSlopes(Evaluator& evaluator) : evaluator_(&evaluator), passes_(evaluator), equations_(evaluator) {}

  /// Tiles whose slopes in `shares` shares take at most `most_bytes` on the island; one at least. Not collective.
  [[nodiscard]] std::size_t affordable_tiles(std::size_t shares, std::size_t most_bytes) const;

  struct Summary {
    double mse = 0;       ///< of the layers
    double diagonal = 0;  ///< mean diagonal entry of A^T A
  };
  /// Takes the slopes at `layers`, the blocks of `groups` with their weights or mixtures of them, on the first `tiles`
  /// tiles. Not finite where the network overflows. Collective.
  Summary linearise(const ShareGroups& groups, std::span<const Layer> layers, std::size_t tiles);

  /// A^T e. Collective.
  [[nodiscard]] std::vector<double> gradient() const { return equations_.gradient(); }
  /// A^T A x, in float32 but for the sums over tiles. Collective.
  [[nodiscard]] std::vector<double> normal_product(std::span<const double> x) const {
    return equations_.normal_product(x);
  }

  /// Two shares that rise from 0 to 1, and two that fall from 1 to 0.
  struct Trade {
    std::array<std::size_t, 2> rising;
    std::array<std::size_t, 2> falling;
  };
  /// Change of the sum of squared errors by each trade. Collective.
  [[nodiscard]] std::vector<double> trade_changes(std::span<const Trade> trades) const;

  /// MSE of `layers`, by one evaluation of each; leaves the slopes as they are. Collective.
  [[nodiscard]] double error(std::span<const Layer> layers, std::size_t tiles);

  /// Gives the slopes' memory back. Not collective.
  void clear() { equations_.clear(); }

 private:
  void run_passes(const RowTile& rows, const ShareGroups& groups, std::span<const Layer> layers,
                  std::span<RowEquations::Tile> equations, mpi::ExactSums& sums);
  void add_slopes(const ShareGroups& groups, std::span<const Layer> layers, std::span<RowEquations::Tile> equations);

  Evaluator* evaluator_;
  ForwardBackward passes_;
  RowEquations equations_;
  kernels::TileBuffer gradients_;  // of all channels
  kernels::TileBuffer response_, hidden_;
};

}  // namespace kintsugi
