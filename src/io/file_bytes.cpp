#include "io/file_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "core/stop.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& rule) {
  throw InputError(path.string() + ": " + rule);
}

/// Reads on until `size` bytes are there or the file ends; false at the end.
bool read_up_to(int file, const std::filesystem::path& path, char* data, std::size_t size, std::size_t& done) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 26;
  while (done < size) {
    throw_if_stopped();
    const ssize_t got = ::read(file, data + done, std::min(size - done, kAtOnce));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read: " + std::generic_category().message(errno));
    if (got == 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

[[noreturn]] void fail_too_large(const std::filesystem::path& path, std::size_t limit) {
  fail(path, "is larger than the limit of " + std::to_string(limit) + " bytes");
}

}  // namespace

FileBytes::FileBytes(const std::filesystem::path& path, std::size_t limit) {
  const bool is_input = path == "-";
  const FileDescriptor file(is_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "cannot be opened: " + std::generic_category().message(errno));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path, "cannot be examined: " + std::generic_category().message(errno));
  if (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode)) {
    read_stream(file.get(), path, limit);
    return;
  }
  if (S_ISDIR(facts.st_mode)) fail(path, "is not a regular file but a folder");
  if (!S_ISREG(facts.st_mode)) fail(path, "is not a regular file, and no pipe either");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > limit) fail_too_large(path, limit);
  data_ = std::make_unique_for_overwrite<char[]>(size);
  // Where somebody cut it short meanwhile, what is there counts.
  static_cast<void>(read_up_to(file.get(), path, data_.get(), size, size_));
}

void FileBytes::read_stream(int file, const std::filesystem::path& path, std::size_t limit) {
  std::size_t room = std::size_t{1} << 20;
  data_ = std::make_unique_for_overwrite<char[]>(room);
  while (read_up_to(file, path, data_.get(), room, size_)) {
    if (size_ > limit) fail_too_large(path, limit);
    std::unique_ptr<char[]> larger = std::make_unique_for_overwrite<char[]>(2 * room);
    std::copy_n(data_.get(), size_, larger.get());
    data_ = std::move(larger);
    room *= 2;
  }
  if (size_ > limit) fail_too_large(path, limit);
}

}  // namespace kintsugi
