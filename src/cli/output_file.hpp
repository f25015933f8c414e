#pragma once

#include <filesystem>

namespace kintsugi::cli {

/// Throws UsageError unless a file can be put at `path`: its folder exists and takes a new file, and `path` is not a
/// folder itself. Tried out, by making a file beside it and removing it: permission bits tell too little (root,
/// read-only and network file systems). For before a long run, so that its result is not lost at its end.
void check_writable(const std::filesystem::path& path);

}  // namespace kintsugi::cli
