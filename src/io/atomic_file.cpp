#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "io/file_descriptor.hpp"
#include "kintsugi/core/assembly.hpp"
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

/// What tells the processes of this machine from those of another that writes to the same folder: a digest of the
/// host's name, of its start and of the numbering of processes.
std::string machine() {
  static const std::string digest = [] {
    std::array<char, 256> host{};
    static_cast<void>(::gethostname(host.data(), host.size() - 1));
    std::string start;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> start;
    std::error_code ignored;
    constexpr std::size_t kDigits = 8;
    return sha256_hex(host.data() + start + fs::read_symlink("/proc/self/ns/pid", ignored).string()).substr(0, kDigits);
  }();
  return digest;
}

constexpr std::string_view kEnding = ".tmp";

/// How the names of temporary files of this machine begin, cut where they would be longer than a name may be.
std::string start_of_temporary(const fs::path& target) {
  constexpr std::size_t kRoom = 40;  // for machine, process and number
  std::string start = target.filename().string().substr(0, NAME_MAX - kRoom);
  start.insert(start.begin(), '.');
  return start.append(".").append(machine()).append(".");
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

void remove_leftovers(const fs::path& path) {
  const fs::path target = follow_links(path);
  const std::string start = start_of_temporary(target);
  std::error_code error;
  fs::directory_iterator entry(target.has_parent_path() ? target.parent_path() : ".", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(start) || !name.ends_with(kEnding)) continue;
    pid_t process = 0;
    std::from_chars(name.data() + start.size(), name.data() + name.size(), process);
    if (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH) ::unlink(entry->path().c_str());
  }
}

void remove_temporary_files() noexcept {
  for (const Noted& each : noted) {
    if (each.used) ::unlink(each.path.data());
  }
}

AtomicFile::AtomicFile(const fs::path& path) : name_(path.string()), target_(resolve_target(path)) {
  for (int attempt = 0;; ++attempt) {
    const std::string unique = std::to_string(::getpid()) + "." + std::to_string(attempt);
    temporary_ = target_.parent_path() / start_of_temporary(target_).append(unique).append(kEnding);
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
