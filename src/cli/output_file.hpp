#pragma once

#include <filesystem>
#include <span>

namespace kintsugi::cli {

/// Throws UsageError unless a file can be put at `path`: its folder exists and takes a new file (`with_room`: with
/// something in it), and `path` is no folder, pipe or device, no ring of links, and no longer than names may be. Tried
/// out, by making the temporary file that write_file_atomically() would make, and removing it: permission bits tell too
/// little (root, read-only and network file systems). For before a long run, so that its result is not lost at its end.
void check_writable(const std::filesystem::path& path, bool with_room);

/// Throws UsageError where writing `outputs` would destroy something: where one of them is one of `inputs`, a file in
/// an input folder that may be read from there, or another output; by device and inode, through links of both kinds.
/// Outputs need not exist. An input "-" is the standard input.
void check_outputs(std::span<const std::filesystem::path> outputs, std::span<const std::filesystem::path> inputs);

}  // namespace kintsugi::cli
