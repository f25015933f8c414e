#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kintsugi {

/// Where `path` leads if it is a symbolic link, or a link to one, and so on; the end need not exist. Throws UsageError
/// where links lead in a ring.
[[nodiscard]] std::filesystem::path follow_links(const std::filesystem::path& path);

/// Removes temporary files beside `path` that processes of this machine have left there which are no more.
void remove_leftovers(const std::filesystem::path& path);

/// Puts a whole file in place at once: writes a temporary file beside `path`, syncs it, renames it over `path` and
/// syncs the folder. Whoever opens `path` sees the old content or the new, never a part. A symbolic link is followed.
/// Not collective. Throws UsageError where `path` cannot be a file (no such folder, not writable, a folder or device is
/// there) and InternalError where the disk does not take the content; `path` is as it was before then and the temporary
/// file is gone.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// The same for a file that is written bit by bit: the temporary file, which vanishes unless commit() is reached.
class AtomicFile {
 public:
  /// Throws UsageError where `path` cannot be a file.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Of the temporary file, open for reading and writing.
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }
  /// Appends. Throws InternalError where the disk does not take it.
  void write(std::string_view content);
  /// Throws InternalError that names the file and what `errno` says.
  [[noreturn]] void fail() const;
  /// Syncs the content and puts it in place. Throws InternalError where the disk does not take it.
  void commit();

 private:
  void forget_temporary();

  std::string name_;  // as the user wrote it
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int fd_ = -1;
};

/// Removes the temporary files of this process. Async-signal-safe: for a handler that ends the process.
void remove_temporary_files() noexcept;

}  // namespace kintsugi
