#pragma once

#include <map>
#include <span>
#include <string>

#include "io/pickle.hpp"

namespace kintsugi::pickle {

/// What torch.save wrote before PyTorch 1.6, and writes with _use_new_zipfile_serialization=False: pickles one behind
/// the other, and the storages' numbers behind these, little-endian on all machines.
struct TorchStream {
  Result pickle;
  std::map<std::string, std::span<const char>> storages;  ///< by their keys; within the file
};

/// Whether `file` begins as such a file does.
[[nodiscard]] bool is_torch_stream(std::span<const char> file);

/// Throws InputError that names `origin` and the rule.
[[nodiscard]] TorchStream read_torch_stream(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi::pickle
