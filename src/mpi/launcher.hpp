#pragma once

#include <string>

namespace kintsugi::mpi {

/// Before MPI starts: where no launcher started this process, Open MPI is told so in its own environment, so that it
/// starts no daemon, needs no ssh and opens only what a rank alone needs. What is set already stays.
void prefer_start_alone();

/// Throws UsageError where a launcher says that it started several processes, but MPI has found one rank: another MPI's
/// launcher, or srun without PMIx. Every process would think that it is alone.
void require_right_launcher(int ranks);

/// "Open MPI v4.1.4"; MPI need not have started.
[[nodiscard]] std::string library_version();

}  // namespace kintsugi::mpi
