#pragma once

#include <cstddef>
#include <vector>

#include "objective/evaluator.hpp"

namespace kintsugi {

/// What exchanging two positions of an order does to the error.
struct SwapGains {
  double mse = 0;              ///< of the order itself
  std::vector<double> change;  ///< [L x L] row-major: MSE with positions i < j exchanged, less `mse`; 0 elsewhere
};

/// All L (L - 1) / 2 exchanges, each by an evaluation of the network from position i on: about L^3 / 3 block
/// evaluations on the first `tiles` tiles. Candidates of Evaluator::errors(), in batches. Collective over the
/// evaluator's island; the numbers do not depend on the ranks. An exchange with which the network overflows changes by
/// +infinity.
[[nodiscard]] SwapGains exact_swap_gains(Evaluator& evaluator, const Blocks& blocks, std::size_t tiles);

/// The same to first order in the change of the residuals, from L^2 + 2 L block evaluations (L^2 + (1 + k) L with k
/// outputs). With x_i the state in front of position i, g_i the prediction's gradient behind it, and r_b(x) the
/// residual of block b at x (evaluated, not linearised, so that kinks count), exchanging the blocks a and b at i and j
/// changes a row's prediction by g_i . (r_b(x_i) - r_a(x_i)) + g_j . (r_a(x_j) - r_b(x_j)); the squared error keeps its
/// quadratic term. Collective, and independent of the ranks, likewise.
[[nodiscard]] SwapGains screened_swap_gains(Evaluator& evaluator, const Blocks& blocks, std::size_t tiles);

}  // namespace kintsugi
