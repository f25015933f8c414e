#pragma once

#include <cstddef>
#include <vector>

#include "kernels/aligned.hpp"

namespace kintsugi {

class LinearModel;

/// A linear model's pair effects and row errors on one rank, for a search on the model alone. Blocks go by their
/// positions at the point of linearisation.
struct EffectTable {
  std::size_t blocks = 0;
  std::size_t rows = 0;         ///< entries of a vector: rows times channels, filled up with zeros to whole tiles
  kernels::TileBuffer effects;  ///< [blocks (blocks - 1) / 2][rows]: D(a, b), a < b, see pair() and kernels/screen.hpp
  kernels::TileBuffer errors;   ///< [rows]
  std::vector<double> sizes;    ///< mean square of each effect, as an MSE
  double to_mse = 0;            ///< the MSE by the sum of the errors' squares

  /// Gathers on every rank the effects and errors at the model's point of linearisation (two blocks or more), of the
  /// first tiles as far as effects take at most `most_bytes` there, see MemoryBudget::table; of one tile at least.
  /// Collective over the evaluator's island.
  void gather(const LinearModel& model, std::size_t most_bytes);

  /// Index of D(a, b), a < b.
  [[nodiscard]] std::size_t pair(std::size_t a, std::size_t b) const {
    return a * (2 * blocks - a - 1) / 2 + b - a - 1;
  }
  [[nodiscard]] const float* effect(std::size_t a, std::size_t b) const { return effects.data() + pair(a, b) * rows; }
};

}  // namespace kintsugi
