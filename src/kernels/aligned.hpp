#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace kintsugi::kernels {

/// Allocates on 64-byte boundaries, as tiles need.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64})); }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete (memory, std::align_val_t{64}); }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

using TileBuffer = std::vector<float, AlignedAllocator<float>>;

}  // namespace kintsugi::kernels
