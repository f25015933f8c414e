#include "io/checkpoint_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string start_of_mark() { return "host " + host() + ", process "; }

std::string content_of(int file) {
  std::array<char, 512> text{};
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  std::string content(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return content.substr(0, content.find('\n'));
}

/// The process that a mark of this host names.
std::optional<pid_t> process_in(const std::string& mark) {
  const std::string start = start_of_mark();
  pid_t process = 0;
  if (!mark.starts_with(start)) return std::nullopt;
  const auto [end, error] = std::from_chars(mark.data() + start.size(), mark.data() + mark.size(), process);
  return error == std::errc() ? std::optional(process) : std::nullopt;
}

bool is_alive(pid_t process) { return ::kill(process, 0) == 0 || errno == EPERM; }

enum class Lock { taken, held_by_another, none_here };

Lock lock(int file) {
  int result = -1;
  while ((result = ::flock(file, LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {
  }
  if (result == 0) return Lock::taken;
  return errno == EWOULDBLOCK ? Lock::held_by_another : Lock::none_here;
}

bool write_mark(const std::filesystem::path& path, const std::string& mark) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW));
  return file.get() >= 0 && write_all(file.get(), mark + "\n") && file.close();
}

}  // namespace

std::filesystem::path CheckpointLock::path_of(const std::filesystem::path& checkpoint) {
  std::filesystem::path path = checkpoint;
  return path += ".lock";
}

bool CheckpointLock::is_held(const std::filesystem::path& checkpoint) {
  const FileDescriptor file(::open(path_of(checkpoint).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return false;
  // One that wants the lock in this very moment tries again.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  return false;
}

CheckpointLock::CheckpointLock(const std::filesystem::path& checkpoint)
    : checkpoint_(checkpoint), path_(path_of(checkpoint)), mark_(start_of_mark() + std::to_string(::getpid())) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kAboutToEnd(3);
  constexpr std::chrono::seconds kLease(120);  // an NFS server waits 90 s for a client that is gone
  constexpr std::chrono::milliseconds kBetween(200);
  const Clock::time_point start = Clock::now();
  while (!take()) {
    const std::string holder = content_of(file_.get());
    const bool elsewhere = !holder.empty() && !holder.starts_with(start_of_mark());
    if (Clock::now() - start > (elsewhere ? kLease : kAboutToEnd)) {
      throw UsageError(checkpoint_.string() + ": another run keeps its state there (" +
                       (holder.empty() ? "it has locked " + path_.string() : holder) +
                       "); give this one another --checkpoint, or end that one first");
    }
    std::this_thread::sleep_for(kBetween);
  }
}

bool CheckpointLock::take() {
  constexpr int kFlags = O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  // Not open for writing: the file system may be made read-only while the search runs.
  file_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | kFlags, 0666));
  if (file_.get() < 0) throw UsageError(path_.string() + ": cannot be written: " + system_message(errno));
  Lock outcome = lock(file_.get());
  if (outcome == Lock::none_here && errno == EBADF) {  // NFS locks what is open for writing only
    file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | kFlags, 0666));
    if (file_.get() < 0) throw UsageError(path_.string() + ": cannot be written: " + system_message(errno));
    outcome = lock(file_.get());
  }
  if (outcome == Lock::held_by_another) return false;
  if (!is_in_place()) return false;  // its holder has removed it meanwhile
  if (outcome == Lock::none_here) {
    const std::optional<pid_t> other = process_in(content_of(file_.get()));
    if (other && *other != ::getpid() && is_alive(*other)) return false;
  }
  if (!write_mark(path_, mark_)) throw UsageError(path_.string() + ": cannot be written: " + system_message(errno));
  return true;
}

bool CheckpointLock::is_in_place() const {
  struct stat here {};
  struct stat there {};
  return ::fstat(file_.get(), &here) == 0 && ::stat(path_.c_str(), &there) == 0 && here.st_ino == there.st_ino &&
         here.st_dev == there.st_dev;
}

void CheckpointLock::require_held() const {
  if (is_in_place() && content_of(file_.get()) == mark_) return;
  throw InternalError(checkpoint_.string() + ": another run has taken it over (" + path_.string() +
                      " is not what this run has written there)");
}

CheckpointLock::~CheckpointLock() {
  if (is_in_place() && content_of(file_.get()) == mark_) ::unlink(path_.c_str());
}

}  // namespace kintsugi
