#pragma once

#include <cstdint>
#include <map>
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
  std::string problem;  ///< why the numbers cannot be read, as the rest of a sentence; empty: they can
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;  ///< first byte and the one behind the last, counted from the header's end
};

struct Header {
  std::vector<Entry> entries;  ///< in their order
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON `text` of a header. Throws InputError that names `origin`, the entry and
/// the rule. Sizes and offsets are checked for their form only.
[[nodiscard]] Header parse_header(std::span<const char> text, const std::string& origin);

}  // namespace kintsugi::safetensors
