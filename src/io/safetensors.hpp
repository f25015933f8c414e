#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The tensors of a .safetensors file, in the order of its header. The header must be what the format allows and
/// nothing else: at most 100,000,000 bytes, no name twice, offsets that tile the rest of the file exactly, sizes that
/// fit the shapes. Names that the metadata says to share a tensor (save_model() of the safetensors library) come last.
/// Numbers are read when they are asked for. The metadata is added to `facts`. Throws InputError that names `origin`,
/// the place and the rule.
[[nodiscard]] std::vector<StoredTensor> open_safetensors(const SharedBytes& file, const std::string& origin,
                                                         ModelFacts* facts = nullptr);

/// Whether `file` begins as one.
[[nodiscard]] bool is_safetensors(std::span<const char> file);

/// All tensors of such a file, read.
[[nodiscard]] std::vector<Tensor> read_safetensors(const std::filesystem::path& path);

/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_safetensors(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
