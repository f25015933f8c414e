#include "cli/memory.hpp"

#include <fstream>

namespace kintsugi::cli {

double memory_figure(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double kibibytes = 0;
    if (word == key && status >> kibibytes) return 1024 * kibibytes;
  }
  return 0;
}

MemoryUse memory_use(const mpi::Comm& comm) {
  const double own = memory_figure("VmHWM:");
  double figures[] = {comm.root() ? own : 0, comm.root() ? 0 : own};
  comm.max(figures);
  return {figures[0], figures[1]};
}

}  // namespace kintsugi::cli
