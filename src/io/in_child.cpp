#include "io/in_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <string_view>

#include "core/stop.hpp"
#include "io/child_work.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// The first byte of what the child hands over.
enum class Outcome : char { result = 'r', refused = 'e', failed = 'f' };

void limit(int resource, rlim_t most) {
  rlimit limits{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limits);
  limits.rlim_cur = std::min(most, limits.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limits);
}

/// Address space of this process, in bytes.
std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void be_the_child(const std::function<std::vector<char>()>& work, int pipe, const ChildLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // MPI's handlers would print the stack and more.
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGALRM}) std::signal(number, SIG_DFL);
  // These are for the parent, who decides whether to go on.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT}) std::signal(number, SIG_IGN);
  forget_stop_listener();
  ::alarm(limits.wall_seconds);
#ifndef __SANITIZE_ADDRESS__
  // What libraries say of a crash is said by the parent, in its words.
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDERR_FILENO);
#endif
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.seconds);
#ifndef __SANITIZE_ADDRESS__
  limit(RLIMIT_AS, address_space() + limits.memory);
#endif
  const auto hand_over = [&](Outcome outcome, std::string_view content) {
    const char first = static_cast<char>(outcome);
    return write_all(pipe, {&first, 1}) && write_all(pipe, content);
  };
  bool done = false;
  try {
    const std::vector<char> result = work();
    done = hand_over(Outcome::result, {result.data(), result.size()});
  } catch (const InputError& error) {
    done = hand_over(Outcome::refused, error.what());
  } catch (const std::exception& error) {
    done = hand_over(Outcome::failed, error.what());
  }
  ::_exit(done ? 0 : 1);
}

/// Nothing where the time is over or the run is to stop before.
std::optional<std::vector<char>> receive_outcome(int pipe, const ChildLimits& limits) {
  using Clock = std::chrono::steady_clock;
  constexpr unsigned kForItsEnd = 2;        // the child ends by itself when its time is over
  constexpr long long kMilliseconds = 100;  // between two questions whether the run is to stop
  const Clock::time_point end = Clock::now() + std::chrono::seconds(limits.wall_seconds + kForItsEnd);
  std::vector<char> content;
  std::array<char, std::size_t{1} << 16> buffer{};
  while (content.size() <= limits.result + 1) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0 || stop_heard()) return std::nullopt;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<long long>(left, kMilliseconds)));
    if (ready <= 0) continue;  // time passed, or a signal came
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return content;
    content.insert(content.end(), buffer.data(), buffer.data() + got);
  }
  return std::nullopt;
}

namespace {

std::string describe(int status) {
  if (!WIFSIGNALED(status)) return "failed";
  const int number = WTERMSIG(status);
  if (number == SIGXCPU || number == SIGALRM) return "took too long";
  if (number == SIGKILL) return "took too long or too much memory";
  return "crashed (signal " + std::to_string(number) + ")";
}

}  // namespace

std::vector<char> result_of(std::optional<std::vector<char>> received, int status, const std::string& origin) {
  const bool ended_well = received && WIFEXITED(status) && WEXITSTATUS(status) == 0 && !received->empty();
  if (!ended_well) {
    throw InputError(origin + ": is damaged or crafted: reading it " + describe(status) + " (in a process of its own)");
  }
  const auto outcome = static_cast<Outcome>(received->front());
  received->erase(received->begin());
  const std::string message(received->begin(), outcome == Outcome::result ? received->begin() : received->end());
  if (outcome == Outcome::refused) throw InputError(message);
  if (outcome == Outcome::failed) throw InputError(origin + ": cannot be read: " + message);
  return std::move(*received);
}

std::vector<char> run_in_child(const std::function<std::vector<char>()>& work, const std::string& origin,
                               const ChildLimits& limits) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw InternalError("no pipe can be made: " + system_message(errno));
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw InternalError("no child process can be started: " + system_message(errno));
  if (child == 0) be_the_child(work, writing.get(), limits);
  static_cast<void>(writing.close());
  std::optional<std::vector<char>> received = receive_outcome(reading.get(), limits);
  if (!received) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  throw_if_stopped();
  return result_of(std::move(received), status, origin);
}

}  // namespace kintsugi
