#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "kernels/aligned.hpp"
#include "objective/effect_table.hpp"

namespace kintsugi {

/// A random walk over orders on a linear model alone, at a temperature in units of the MSE. Not collective; ranks that
/// hold equal tables walk alike.
///
/// A move takes a block and draws its new position from the Boltzmann distribution over a window around the old one (a
/// heat bath, as in Gibbs sampling: Geman and Geman, IEEE Trans. Pattern Anal. Mach. Intell. 6, 1984): nothing that was
/// computed is rejected. A position costs one addition of row vectors, about a thousandth of an exact evaluation.
class ModelWalk {
 public:
  /// The table must outlive the walk.
  ModelWalk(const EffectTable& table, Random random);

  /// Makes `moves` moves, or fewer: until model_distance() is above `bound`.
  void run(int moves, double temperature, double bound);

  /// Which block, by its position at the point of linearisation, is at each position.
  [[nodiscard]] const std::vector<int>& order() const noexcept { return order_; }
  /// The MSE that the model predicts.
  [[nodiscard]] double predicted() const;
  /// Mean squared effects of the pairs of blocks that have changed sides, added up: what the error would rise by if
  /// nothing of what the model says of them were true. A trust region's radius, which run() takes as `bound`.
  [[nodiscard]] double model_distance() const noexcept { return model_distance_; }
  /// Blocks passed so far, each one addition of row vectors.
  [[nodiscard]] std::int64_t passes() const noexcept { return passes_; }

 private:
  void draw_position(int at, int first, int last, double temperature);
  double pass(int block, int other, float direction);
  void move(int at, int to);

  const EffectTable& table_;
  Random random_;
  std::vector<int> order_;
  kernels::TileBuffer errors_;
  kernels::TileBuffer moved_;  // effect of the blocks that a block has passed
  std::vector<double> change_;
  double model_distance_ = 0;
  std::int64_t passes_ = 0;
};

}  // namespace kintsugi
