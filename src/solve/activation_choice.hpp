#pragma once

#include <vector>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi {

/// How well a network does with one activation between the pieces of its blocks.
struct ActivationTrial {
  Activation activation = Activation::relu;
  double mse = 0;             ///< of its best start, or of a search from there
  std::int64_t searched = 0;  ///< evaluations that this search might take; 0: there was none
};

struct ActivationChoice {
  std::vector<ActivationTrial> trials;  ///< the chosen one first, then by error
  bool certain = false;  ///< solved, or its start is far better than all others; else the commonest of the best
};

/// Tries every activation: by the error of its best start on the first rows; and where others come near the best, by
/// searches each, short ones first, until one of them solves the first rows. What that leaves undecided, it says. Equal
/// on all ranks. `network` is read on rank 0 only, its own activation does not count. Collective over `world`. Throws
/// as solve() does.
[[nodiscard]] ActivationChoice choose_activation(const mpi::Comm& world, const Network& network, RowSource& rows,
                                                 const SolveOptions& options, SolveObserver& observer);

}  // namespace kintsugi
