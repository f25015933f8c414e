#pragma once

#include <filesystem>
#include <string_view>

namespace kintsugi {

/// Puts a whole file in place at once: writes a temporary file beside `path`, syncs it, renames it over `path` and
/// syncs the folder. Whoever opens `path` sees the old content or the new, never a part. A symbolic link is followed.
/// Not collective. Throws UsageError where `path` cannot be a file (no such folder, not writable, a folder or device is
/// there) and InternalError where the disk does not take the content; `path` is as it was before then and the temporary
/// file is gone.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace kintsugi
