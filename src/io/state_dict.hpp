#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// A tensor to be written.
struct StateEntry {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::span<const double> values;  ///< row-major
};

/// All entries as the bytes of a .safetensors file, as `type` (float32 or float64), in their order; `facts` are
/// metadata.
[[nodiscard]] std::vector<char> safetensors_file(std::span<const StateEntry> entries, TensorType type,
                                                 const ModelFacts& facts);

/// The same as torch.save writes a state_dict: a zip archive without time stamps; `facts` are its entry
/// kFactsEntry, a JSON object. Throws InternalError where libzip fails.
[[nodiscard]] std::vector<char> pth_file(std::span<const StateEntry> entries, TensorType type, const ModelFacts& facts);

}  // namespace kintsugi
