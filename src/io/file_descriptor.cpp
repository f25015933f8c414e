#include "io/file_descriptor.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>

namespace kintsugi {

namespace {

/// Calls `write_some` with what is left and how much went before, until nothing is left.
template <class WriteSome>
bool write_in_parts(std::string_view content, const WriteSome& write_some) {
  std::uint64_t done = 0;
  while (!content.empty()) {
    const ssize_t written = write_some(content, done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
    done += static_cast<std::uint64_t>(written);
  }
  return true;
}

}  // namespace

bool write_all(int fd, std::string_view content) {
  return write_in_parts(
      content, [&](std::string_view left, std::uint64_t /*done*/) { return ::write(fd, left.data(), left.size()); });
}

bool write_all_at(int fd, std::string_view content, std::uint64_t offset) {
  return write_in_parts(content, [&](std::string_view left, std::uint64_t done) {
    return ::pwrite(fd, left.data(), left.size(), static_cast<off_t>(offset + done));
  });
}

bool read_at(int fd, void* values, std::size_t size, std::uint64_t offset) {
  auto* const bytes = static_cast<char*>(values);
  for (std::size_t done = 0; done < size;) {
    errno = 0;
    const ssize_t got = ::pread(fd, bytes + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) static_cast<void>(::fsync(fd.get()));
}

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace kintsugi
