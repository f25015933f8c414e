#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi::safetensors {

inline constexpr std::uint64_t kMaxHeader = 100'000'000;  // bytes, as the reference implementation has it

/// What the header says of one tensor.
struct Entry {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;  ///< first byte and the one behind the last, counted from the header's end
};

/// Reads the JSON `text` of a header, its entries in their order. Throws InputError that names `origin`, the entry and
/// the rule. Sizes and offsets are checked for their form only.
[[nodiscard]] std::vector<Entry> parse_header(std::span<const char> text, const std::string& origin);

}  // namespace kintsugi::safetensors
