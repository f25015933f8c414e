#pragma once

#include <filesystem>
#include <vector>

#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// What a checkpoint tells somebody who looks on.
struct CheckpointGlance {
  std::vector<TrajectoryEntry> trajectory;
  double seconds = 0;  ///< of search
};

/// Of the checkpoint at `path` or, where that is just being replaced, of the one before, whatever problem and options
/// they belong to. Throws InputError that names the file and the rule where neither can be read.
[[nodiscard]] CheckpointGlance glance_at_checkpoint(const std::filesystem::path& path);

}  // namespace kintsugi
