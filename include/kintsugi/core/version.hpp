#pragma once

#include <string>

namespace kintsugi {

/// "0.2.0"
[[nodiscard]] std::string version();

/// The git commit that this was built from, "1a2b3c4d5e" or, with changes since, "1a2b3c4d5e-dirty"; "unknown" where it
/// was built outside of git.
[[nodiscard]] std::string revision();

/// The day of that commit, "2026-01-31"; of the build where it was built outside of git.
[[nodiscard]] std::string revision_date();

/// Version and revision: "0.2.0+1a2b3c4d5e". Two builds of which it is the same, and not dirty, are of the same
/// sources.
[[nodiscard]] std::string full_version();

}  // namespace kintsugi
