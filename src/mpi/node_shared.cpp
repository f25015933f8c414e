#include "mpi/node_shared.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "mpi/node_memory.hpp"

namespace kintsugi::mpi {

namespace {

constexpr std::size_t kAlignment = 64;

float* align(void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  return reinterpret_cast<float*>((address + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace

struct NodeShared::Impl {
  Impl(const Comm& comm, std::size_t count)
      : world_root(comm.root()), node(comm.split_node()), leaders(comm.split(node.root() ? 0 : 1)) {
    const std::size_t bytes = count * sizeof(float) + kAlignment;
    if (node.size() > 1) shared.emplace(node, bytes);
    if (shared && shared->data() != nullptr) {
      data = align(shared->data());
      return;
    }
    own.resize(bytes);
    data = align(own.data());
  }

  [[nodiscard]] bool shares() const { return own.empty(); }

  bool world_root;
  Comm node;
  Comm leaders;
  std::optional<NodeMemory> shared;
  std::vector<std::byte> own;  // where none is shared
  float* data = nullptr;
};

NodeShared::NodeShared(const Comm& comm, std::size_t count)
    : impl_(std::make_unique<Impl>(comm, count)), data_(impl_->data), count_(count) {
  std::int64_t copies = impl_->shares() ? 0 : impl_->node.size();
  comm.max(std::span(&copies, 1));
  has_copies_ = copies > 1;
}

NodeShared::~NodeShared() = default;

std::span<float> NodeShared::writable() noexcept {
  return impl_->world_root ? std::span<float>(data_, count_) : std::span<float>();
}

void NodeShared::publish() {
  const std::span<float> array(data_, count_);
  if (impl_->node.root()) impl_->leaders.broadcast(array, 0);
  if (impl_->node.size() == 1) return;
  if (!impl_->shares()) return impl_->node.broadcast(array, 0);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  impl_->node.barrier();
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace kintsugi::mpi
