#include "mpi/node_shared.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

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
    if (node.size() == 1) {
      own.resize(bytes);
      data = align(own.data());
      return;
    }
    void* base = nullptr;
    MPI_Win_allocate_shared(node.root() ? static_cast<MPI_Aint>(bytes) : 0, 1, MPI_INFO_NULL, node.raw(), &base,
                            &window);
    MPI_Aint size = 0;
    int unit = 0;
    MPI_Win_shared_query(window, 0, &size, &unit, &base);
    // Every rank may map the window at another address; page alignment keeps the offset of the array equal.
    data = align(base);
    if (node.root()) std::fill_n(data, count, 0.0F);
  }
  ~Impl() {
    if (window != MPI_WIN_NULL) MPI_Win_free(&window);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool world_root;
  Comm node;
  Comm leaders;
  std::vector<std::byte> own;
  MPI_Win window = MPI_WIN_NULL;
  float* data = nullptr;
};

NodeShared::NodeShared(const Comm& comm, std::size_t count)
    : impl_(std::make_unique<Impl>(comm, count)), data_(impl_->data), count_(count) {}

NodeShared::~NodeShared() = default;

std::span<float> NodeShared::writable() noexcept {
  return impl_->world_root ? std::span<float>(data_, count_) : std::span<float>();
}

void NodeShared::publish() {
  if (impl_->node.root()) impl_->leaders.broadcast(std::span<float>(data_, count_), 0);
  if (impl_->window != MPI_WIN_NULL) {
    MPI_Win_fence(0, impl_->window);
    impl_->node.barrier();
  }
}

}  // namespace kintsugi::mpi
