#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The arrays of a .npz file (a zip archive of .npy files) that numpy.savez or numpy.savez_compressed wrote, in its
/// order, under their names without ".npy". Read are float16, float32 and float64, little-endian, in C or Fortran
/// order, .npy versions 1 to 3. No array of objects is read, and nothing is unpickled. A compressed archive may hold at
/// most 100 times its own bytes. Throws InputError that names the file, the array and the rule.
[[nodiscard]] std::vector<Tensor> read_npz(const std::filesystem::path& path);

/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_npz(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
