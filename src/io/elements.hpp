#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/tensor.hpp"

/// Numbers as the formats for tensors store them.
namespace kintsugi {

inline constexpr std::size_t kMaxDimensions = 16;

/// A tensor in a run of elements.
struct StridedView {
  std::uint64_t offset = 0;  ///< of the first element, in elements
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> strides;  ///< in elements
  std::uint64_t elements = 0;          ///< product of the shape
};

/// Product of `shape`; nothing where it does not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> count_elements(std::span<const std::uint64_t> shape);

/// Bytes of a tensor of that shape; nothing where they do not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> count_bytes(TensorType type, std::span<const std::uint64_t> shape);

/// The view of all elements that lie one behind the other, the last index running fastest (row-major), or the first
/// where `column_major` says so. The product of the shape must fit 64 bits.
[[nodiscard]] StridedView dense_view(std::vector<std::uint64_t> shape, bool column_major = false);

/// The view's elements in row-major order. Every element must lie inside `storage`; `type` is_readable().
[[nodiscard]] std::vector<double> read_elements(TensorType type, std::span<const char> storage, const StridedView& view,
                                                bool big_endian = false);

/// True where each of `values` is a float32 value.
[[nodiscard]] bool fits_float32(std::span<const double> values);

/// Appends `values` as float32 or float64.
void append_elements(std::vector<char>& bytes, TensorType type, std::span<const double> values);

}  // namespace kintsugi
