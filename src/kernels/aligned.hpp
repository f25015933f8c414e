#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace kintsugi::kernels {

/// Bytes: a cache line, and a whole vector register of AVX-512.
inline constexpr std::size_t kAlignment = 64;
inline constexpr std::size_t kAlignedFloats = kAlignment / sizeof(float);

/// So many floats, filled up to whole alignments.
[[nodiscard]] constexpr std::size_t padded_floats(std::size_t floats) {
  return (floats + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
}

/// Allocates on boundaries of kAlignment, as tiles need.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete (memory, std::align_val_t{kAlignment}); }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

using TileBuffer = std::vector<float, AlignedAllocator<float>>;

}  // namespace kintsugi::kernels
