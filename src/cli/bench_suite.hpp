#pragma once

#include <filesystem>

#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// What `kintsugi bench --suite` solves, and how.
struct SuiteRun {
  std::filesystem::path folder;
  int seeds = 1;         ///< each problem is solved with the random numbers of so many seeds, from options.seed on
  SolveOptions options;  ///< limits are for one solve
};

/// Solves every problem file (*.h5) in the folder, by name, and prints a line for each on rank 0's standard output:
/// how it ended, the error, the figures against the answer in NAME.answer.txt or NAME.txt where there is one,
/// evaluations and seconds; then how many were solved. Other HDF5 files are passed over. Returns whether all were
/// solved. Collective. Throws InputError where the folder has no problem, or a problem or an answer is bad.
[[nodiscard]] bool bench_suite(const mpi::Comm& world, const SuiteRun& run);

}  // namespace kintsugi::cli
