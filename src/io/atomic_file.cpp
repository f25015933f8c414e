#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace fs = std::filesystem;

fs::path follow_links(const fs::path& path) {
  constexpr int kMost = 40;  // as Linux has it
  fs::path target = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(target, error)); ++links) {
    if (links == kMost) throw UsageError(path.string() + ": cannot be written: it is a link in a ring of links");
    const fs::path next = fs::read_symlink(target, error);
    if (error) throw UsageError(path.string() + ": cannot be written: " + error.message());
    target = target.parent_path() / next;  // `next` alone where it begins at the root
  }
  return target;
}

namespace {

/// The file that `path` stands for, links followed. Renaming over a device would replace it, so only a regular file may
/// be there already.
fs::path resolve_target(const fs::path& path) {
  if (path.filename().empty()) throw UsageError(path.string() + ": cannot be written: not the name of a file");
  fs::path target = follow_links(path);
  std::error_code error;
  const fs::file_status status = fs::symlink_status(target, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw UsageError(path.string() + ": cannot be written: it exists and is not a regular file");
  }
  if (error == std::errc::filename_too_long)
    throw UsageError(path.string() + ": cannot be written: " + error.message());
  return target;
}

/// A name beside `target`, cut where it would be longer than a name may be.
fs::path temporary_beside(const fs::path& target, const std::string& unique) {
  const std::string ending = "." + unique + ".tmp";
  const std::string name = target.filename().string().substr(0, NAME_MAX - 1 - ending.size());
  return target.parent_path() / std::string(".").append(name).append(ending);
}

/// The temporary files of this process, where a signal handler finds them.
struct Noted {
  std::atomic<bool> used{false};
  std::array<char, PATH_MAX> path{};
};
std::array<Noted, 16> noted;

void note_file(const fs::path& path) {
  const std::string name = path.string();
  for (Noted& each : noted) {
    if (each.used || name.size() >= each.path.size()) continue;
    std::copy_n(name.c_str(), name.size() + 1, each.path.begin());
    each.used = true;
    return;
  }
}

void forget_file(const fs::path& path) {
  for (Noted& each : noted) {
    if (each.used && path == each.path.data()) each.used = false;
  }
}

}  // namespace

void remove_temporary_files() noexcept {
  for (const Noted& each : noted) {
    if (each.used) ::unlink(each.path.data());
  }
}

AtomicFile::AtomicFile(const fs::path& path) : name_(path.string()), target_(resolve_target(path)) {
  for (int attempt = 0;; ++attempt) {
    const std::string unique = std::to_string(::getpid()) + "." + std::to_string(attempt);
    temporary_ = temporary_beside(target_, unique);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    constexpr int kAttempts = 100;
    if (fd_ >= 0 || errno != EEXIST || attempt == kAttempts) break;
  }
  if (fd_ < 0) throw UsageError(name_ + ": cannot be written: " + system_message(errno));
  note_file(temporary_);
}

void AtomicFile::forget_temporary() {
  forget_file(temporary_);
  temporary_.clear();
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget_temporary();
}

void AtomicFile::fail() const { throw InternalError(name_ + ": cannot be written: " + system_message(errno)); }

void AtomicFile::write(std::string_view content) {
  if (!write_all(fd_, content)) fail();
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0 || ::close(std::exchange(fd_, -1)) != 0 ||
      std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    fail();
  }
  forget_temporary();
  sync_folder(target_.parent_path());
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace kintsugi
