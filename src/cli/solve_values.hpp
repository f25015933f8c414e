#pragma once

#include <string>

#include "cli/value.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// A start's name or a file that exists.
[[nodiscard]] Value start_or_file(std::string& target);

/// "CxR": candidate groups x row groups, or "auto".
[[nodiscard]] Value grid(SolveOptions& options);

/// A number of islands, or "auto", which is 0 until settle_islands().
[[nodiscard]] Value islands(int& target);

/// Chooses the number of islands where it is to be chosen: by the number of blocks alone, so that the answer does not
/// depend on the ranks. `network` is rank 0's. Collective.
void settle_islands(const mpi::Comm& world, const Network& network, SolveOptions& options);

}  // namespace kintsugi::cli
