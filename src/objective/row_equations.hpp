#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// Errors e of the rows at some point, and their slopes A in some unknowns, [rows x unknowns]: what steps of least
/// squares are made of. Each rank holds its own tiles; sums over rows are exact, so all ranks see equal numbers.
class RowEquations {
 public:
  /// What one tile and channel say of the unknowns.
  struct Tile {
    kernels::TileBuffer slopes;  ///< [unknowns][kTileRows]
    kernels::TileBuffer errors;  ///< [kTileRows]
  };

  /// `evaluator` must outlive it. Not collective.
  explicit RowEquations(Evaluator& evaluator) : evaluator_(&evaluator) {}

  /// Room for this rank's equations; what was in them is lost or not. Not collective.
  void resize(std::size_t unknowns, std::size_t count);
  [[nodiscard]] std::size_t unknowns() const noexcept { return unknowns_; }
  [[nodiscard]] std::span<Tile> tiles() noexcept { return tiles_; }
  [[nodiscard]] std::span<const Tile> tiles() const noexcept { return tiles_; }
  /// Sum of the squares of one tile's slopes. Not collective.
  [[nodiscard]] double squared_slopes(const Tile& tile) const;

  /// A^T e. Collective.
  [[nodiscard]] std::vector<double> gradient() const;
  /// A^T A x, in float32 but for the sums over tiles. Collective.
  [[nodiscard]] std::vector<double> normal_product(std::span<const double> x) const;

  /// Gives the memory back. Not collective.
  void clear();

 private:
  Evaluator* evaluator_;
  std::size_t unknowns_ = 0;
  std::vector<Tile> tiles_;
};

}  // namespace kintsugi
