#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::mpi {

/// An array of floats of which each node holds one copy, in memory that its ranks share. Where they cannot share any,
/// or a node has one rank, each rank has its own. 64-byte aligned, zero at first.
class NodeShared {
 public:
  /// Collective over `comm`, which may span nodes. `count` is the same on all ranks.
  NodeShared(const Comm& comm, std::size_t count);
  ~NodeShared();
  NodeShared(const NodeShared&) = delete;
  NodeShared& operator=(const NodeShared&) = delete;

  [[nodiscard]] std::span<const float> values() const noexcept { return {data_, count_}; }

  /// Whether on some node each of several ranks has its own; the same on all ranks.
  [[nodiscard]] bool has_copies() const noexcept { return has_copies_; }

  /// On rank 0 of `comm`: the array to fill before publish(). Elsewhere empty.
  [[nodiscard]] std::span<float> writable() noexcept;

  /// Copies rank 0's array to every node. Collective; afterwards nobody writes.
  void publish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  float* data_ = nullptr;
  std::size_t count_ = 0;
  bool has_copies_ = false;
};

}  // namespace kintsugi::mpi
