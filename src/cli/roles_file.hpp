#pragma once

#include <filesystem>
#include <vector>

namespace kintsugi::cli {

/// The numbers in a text file, by comma: the expand pieces' own indices, for --roles. Throws InputError that names the
/// file.
[[nodiscard]] std::vector<int> read_roles_file(const std::filesystem::path& path);

}  // namespace kintsugi::cli
