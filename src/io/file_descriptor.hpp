#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace kintsugi {

/// Owns a POSIX file descriptor; negative means none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const { return fd_; }

  /// Closes now; false where the system reports an error (a network file system may report a failed write only here).
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// Writes all of `content`, however often the system takes only a part or is interrupted. False where it fails: `errno`
/// says why.
[[nodiscard]] bool write_all(int fd, std::string_view content);
/// The same, from `offset` bytes after the beginning of the file.
[[nodiscard]] bool write_all_at(int fd, std::string_view content, std::uint64_t offset);

/// Reads exactly `size` bytes from `offset` bytes after the beginning of the file. False where it fails (`errno` says
/// why) or the file ends before (`errno` is 0).
[[nodiscard]] bool read_at(int fd, void* values, std::size_t size, std::uint64_t offset);

/// Makes renames in `folder` last. File systems that cannot sync a folder say so with EINVAL: nothing is lost then.
void sync_folder(const std::filesystem::path& folder);

/// What an errno says, in words.
[[nodiscard]] std::string system_message(int error);

}  // namespace kintsugi
