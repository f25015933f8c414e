#include "io/file_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

FileBytes::FileBytes(const std::filesystem::path& path, std::size_t limit) {
  const auto fail = [&](const std::string& rule) { throw InputError(path.string() + ": " + rule); };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("cannot be opened: " + std::generic_category().message(errno));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail("cannot be examined: " + std::generic_category().message(errno));
  if (!S_ISREG(facts.st_mode)) fail("is not a regular file");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > limit) fail("is larger than the limit of " + std::to_string(limit) + " bytes");
  data_ = std::make_unique_for_overwrite<char[]>(size);
  while (size_ < size) {
    const ssize_t got = ::read(file.get(), data_.get() + size_, size - size_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read: " + std::generic_category().message(errno));
    if (got == 0) break;  // somebody cut it short meanwhile: what is there counts
    size_ += static_cast<std::size_t>(got);
  }
}

}  // namespace kintsugi
