#pragma once

#include <filesystem>

namespace kintsugi {

/// Whether a file has the name of an archive that unpack() knows: .zip, or .tar, also compressed (.tar.gz, .tgz, ...).
[[nodiscard]] bool is_archive(const std::filesystem::path& path);

/// Writes the files in an archive below `folder`, which exists and is empty. Files of the Mac's (__MACOSX, ._NAME) are
/// passed over. The archive may hold at most 100,000 files and 100 times its own bytes (see most_inflated()). Throws
/// InputError that names the archive, the entry and the rule: a path that leads out of the folder, a link or device,
/// a name twice, an encrypted entry, damage; InternalError where the disk does not take a file.
void unpack(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace kintsugi
