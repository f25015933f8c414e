#pragma once

#include <vector>

#include "kintsugi/solve.hpp"

namespace kintsugi {

/// Blocks that belong to nothing, as many extra expand as extra compress pieces, found by the data: short searches, in
/// turn with leaving out the block without which the error is much lower. First those are tried whose pairs the weights
/// do not single out, where these are few. Only what solves the problem counts. Returns positions in Network::pieces,
/// ascending; empty where all pieces belong, or none of this has solved it. `network` is read on rank 0 only. Equal on
/// all ranks. Collective over `world`. Throws as solve() does.
[[nodiscard]] std::vector<int> find_decoys(const mpi::Comm& world, const Network& network, RowSource& rows,
                                           const SolveOptions& options, SolveObserver& observer);

}  // namespace kintsugi
