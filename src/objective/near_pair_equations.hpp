#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "objective/evaluator.hpp"
#include "objective/near_pairs.hpp"

namespace kintsugi {

/// What it changes in the errors of an order that near blocks change sides: to first order in the pairs, errors e + C z
/// with z = 1 for each pair that does, C by finite differences of the blocks (NearDifferences).
struct NearPairEquations {
  std::vector<PositionPair> pairs;
  Eigen::MatrixXd gram;   ///< C^T C: [pairs][pairs]
  Eigen::VectorXd along;  ///< C^T e
  double square = 0;      ///< |e|^2 over rows and channels; not finite where the network overflows
};

/// Of all pairs at most `reach` positions apart, on the first `tiles` tiles. With L blocks and M pairs: 2 M + 3 L block
/// evaluations, M^2 operations a row, M^2 / 2 exact sums of memory. Collective over the evaluator's island; equal
/// results on all ranks and grids.
[[nodiscard]] NearPairEquations near_pair_equations(Evaluator& evaluator, const Blocks& blocks, std::size_t reach,
                                                    std::size_t tiles);

}  // namespace kintsugi
