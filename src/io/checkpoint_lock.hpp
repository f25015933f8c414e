#pragma once

#include <filesystem>
#include <string>

#include "io/file_descriptor.hpp"

namespace kintsugi {

/// Keeps two runs from writing one checkpoint: a lock on PATH.lock that dies with this process, also on network file
/// systems, and in the file the mark of who holds it. Where a file system has no locks, the mark alone tells.
class CheckpointLock {
 public:
  /// Waits a few seconds for a run that is about to end, and longer for one on another host, whose lock outlives it for
  /// a while. Throws UsageError that names the run that has the lock, or says why there can be no such file.
  explicit CheckpointLock(const std::filesystem::path& checkpoint);
  /// Removes the file.
  ~CheckpointLock();
  CheckpointLock(const CheckpointLock&) = delete;
  CheckpointLock& operator=(const CheckpointLock&) = delete;

  /// Throws InternalError where another run has taken the checkpoint over: the file is gone, or has another's mark.
  void require_held() const;

  /// Whether a run holds the lock of a checkpoint now, as far as the file system tells. Disturbs nobody.
  [[nodiscard]] static bool is_held(const std::filesystem::path& checkpoint);

  /// Where the lock of a checkpoint is.
  [[nodiscard]] static std::filesystem::path path_of(const std::filesystem::path& checkpoint);

 private:
  /// False where another run has it.
  [[nodiscard]] bool take();
  [[nodiscard]] bool is_in_place() const;

  std::filesystem::path checkpoint_;
  std::filesystem::path path_;
  std::string mark_;
  FileDescriptor file_{-1};
};

}  // namespace kintsugi
