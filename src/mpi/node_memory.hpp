#pragma once

#include <cstddef>
#include <string>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::mpi {

/// Memory that the ranks of one node share: a file without a name (memfd), which rank 0 makes and the others open
/// through /proc. Nothing of it lies in /dev/shm, which is small in containers; it vanishes with the last rank.
class NodeMemory {
 public:
  /// Collective over `node`, whose ranks are on one machine. Page-aligned, zero at first; `bytes` is the same on all
  /// ranks and above 0. Where it cannot be had on all ranks, data() is null on all.
  NodeMemory(const Comm& node, std::size_t bytes);
  ~NodeMemory();
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  [[nodiscard]] void* data() const noexcept { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace kintsugi::mpi
