#pragma once

#include <vector>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi {

/// How well a network does with one activation between the pieces of its blocks.
struct ActivationTrial {
  Activation activation = Activation::relu;
  double mse = 0;         ///< of its best start, or of a short search from there
  bool searched = false;  ///< whether that search was needed
};

/// Tries every activation: by the error of its best start on the first rows; and where others come near the best, by a
/// short search each. Best first, ties in the order of kActivations; the same on all ranks. `network` is read on rank 0
/// only, its own activation does not count. Collective over `world`. Throws as solve() does.
[[nodiscard]] std::vector<ActivationTrial> try_activations(const mpi::Comm& world, const Network& network,
                                                           RowSource& rows, const SolveOptions& options,
                                                           SolveObserver& observer);

}  // namespace kintsugi
