#pragma once

#include <filesystem>
#include <string>

#include "kintsugi/mpi/comm.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// What `kintsugi bench --suite` solves, and how.
struct SuiteRun {
  std::filesystem::path folder;
  int seeds = 1;         ///< each problem is solved with the random numbers of so many seeds, from options.seed on
  SolveOptions options;  ///< limits are for one solve; islands 0: by the number of blocks
  std::string format = "table";  ///< see make_suite_table()
};

/// Solves every problem of the suite (see problems_of_suite()), by name, and prints a line for each on rank 0's
/// standard output: how it ended, the error, the figures against the answer where there is one, evaluations and
/// seconds; then how many were solved. On standard error rank 0 says how far it is. Returns whether all were solved.
/// Collective. Throws InputError where there is no problem, or a problem or an answer is bad.
[[nodiscard]] bool bench_suite(const mpi::Comm& world, const SuiteRun& run);

}  // namespace kintsugi::cli
