#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "kintsugi/core/checkpoint_key.hpp"
#include "kintsugi/core/search_state.hpp"

namespace kintsugi {

/// Where the checkpoint before the newest is kept.
[[nodiscard]] std::filesystem::path previous_checkpoint(const std::filesystem::path& path);

/// Writes a checkpoint beside `path` (PATH.next), synced, then renames the one at `path` to previous_checkpoint(path)
/// and the new one to `path`: at any moment one of the two is whole. HDF5:
///   /islands/words [n] int64, /islands/sizes [islands] int64   the islands' states, one after another
///   /shared [m] int64                                          what all islands know
///   /trajectory [T, 9] int64                                   rows of the log, reals by their bits
/// Root attributes: format ("kintsugi-checkpoint"), format_version, seconds, and of the key version, state_layout,
/// problem_weights, problem_rows, problem_activation, options, parameters. Behind the HDF5 data, a line "sha256 <hex>"
/// over all bytes before it. Not collective; rank 0 calls it. Throws UsageError where `path` cannot be a file,
/// InternalError where the disk does not take it or the one at `path` cannot be kept; what was there stays then.
void write_checkpoint(const std::filesystem::path& path, const SearchState& state, const CheckpointKey& key);

/// The state in `path`. Throws InputError that names the file and the rule: no checkpoint, torn, of another format, or
/// all in which its key is not `key`: program, layout of the state, problem, activation, options, parameters.
[[nodiscard]] SearchState read_checkpoint(const std::filesystem::path& path, const CheckpointKey& key);

/// What there is to resume.
struct FoundCheckpoint {
  SearchState state;
  std::filesystem::path path;
  std::string passed_over;  ///< why the newest was not taken; empty where it was
};
/// The newest checkpoint that can be read, of `path` and the one before it; nothing where neither file exists. Throws
/// the newest one's InputError where none can be read, or where the newest is whole but belongs to something else.
[[nodiscard]] std::optional<FoundCheckpoint> find_checkpoint(const std::filesystem::path& path,
                                                             const CheckpointKey& key);

}  // namespace kintsugi
