#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace kintsugi {

/// What a child process may take.
struct ChildLimits {
  std::size_t memory = 0;     ///< bytes, beyond what this process has
  unsigned seconds = 0;       ///< of processor time
  unsigned wall_seconds = 0;  ///< a file system may be slow
  std::size_t result = 0;     ///< bytes that it may hand over
};

/// What `work` returns, run in a child process, so that a library which a crafted file makes crash, loop or ask for
/// endless memory takes nothing with it. An InputError of the work's is thrown here, too; InputError that begins with
/// `origin` where the child ends in another way; InternalError where there can be no child. Starts the child by fork().
[[nodiscard]] std::vector<char> run_in_child(const std::function<std::vector<char>()>& work, const std::string& origin,
                                             const ChildLimits& limits);

/// Reads a file; no more than a function, since it may run in a process that was started earlier.
using ReadFile = std::vector<char> (*)(const std::string& path);

/// The same for what `read` makes of `path`: through the ReaderProcess where there is one.
[[nodiscard]] std::vector<char> read_in_child(ReadFile read, const std::string& path, const ChildLimits& limits);

/// A process that waits for files to read, each in a child of its own. Made before MPI starts, after which fork() is
/// not safe with every network. One at a time; it ends with this object, or with this process.
class ReaderProcess {
 public:
  /// Without one (no process can be made), read_in_child() does without.
  ReaderProcess();
  ~ReaderProcess();
  ReaderProcess(const ReaderProcess&) = delete;
  ReaderProcess& operator=(const ReaderProcess&) = delete;
};

}  // namespace kintsugi
