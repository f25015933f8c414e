#pragma once

#include <string>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::cli {

/// A figure of /proc/self/status in bytes, such as that of "VmHWM:"; 0 where the system does not tell.
[[nodiscard]] double memory_figure(const std::string& key);

/// The largest resident memory that processes have had so far, in bytes, their part of shared memory included; 0 where
/// the system does not tell.
struct MemoryUse {
  double root = 0;    ///< of rank 0
  double others = 0;  ///< of the fullest other rank; 0 where there is none
};
/// Collective; the same on all ranks.
[[nodiscard]] MemoryUse memory_use(const mpi::Comm& comm);

}  // namespace kintsugi::cli
