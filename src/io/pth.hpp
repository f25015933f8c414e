#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The tensors of a state_dict that torch.save wrote (zip format, PyTorch 1.6 and later), in its order.
/// Inert: no code is run. The pickle goes through a machine with an allow-list of opcodes and globals that builds plain
/// values; views (offset, strides) must lie inside their storage, a storage's declared size must be the bytes present,
/// and memory is bounded by a small multiple of the file's size. Throws InputError that names the file and the rule.
[[nodiscard]] std::vector<Tensor> read_state_dict(const std::filesystem::path& path);

/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_state_dict(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
