#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

class ZipArchive;

/// The arrays of a .npz file (a zip archive of .npy files) that numpy.savez or numpy.savez_compressed wrote, in its
/// order, under their names without ".npy". Read are floats, bfloat16 and integers in both byte orders, in C or Fortran
/// order, .npy versions 1 to 3. No array of objects is read, and nothing is unpickled. A compressed archive may hold at
/// most 100 times its own bytes (see most_inflated()). Throws InputError that names the file, the array and the rule.
[[nodiscard]] std::vector<StoredTensor> open_npz(const ZipArchive& archive, std::size_t bytes,
                                                 const std::string& origin);

/// The arrays of such a file, read.
[[nodiscard]] std::vector<Tensor> read_npz(const std::filesystem::path& path);
/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_npz(std::span<const char> file, const std::string& origin);

/// Whether an archive's entry was put in by a machine and not by whoever made the archive: folders, and what macOS
/// adds.
[[nodiscard]] bool is_passed_over(const std::string& entry);

}  // namespace kintsugi
