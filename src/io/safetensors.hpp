#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The tensors of a .safetensors file, in the order of its header. The header must be what the format allows and
/// nothing else: at most 100,000,000 bytes, no name twice, offsets that tile the rest of the file exactly, sizes that
/// fit the shapes; types F16, BF16, F32 and F64 are read. Memory is bounded by a small multiple of the file's size.
/// Throws InputError that names the file, the place and the rule.
[[nodiscard]] std::vector<Tensor> read_safetensors(const std::filesystem::path& path);

/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_safetensors(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
