#include "cli/signals.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string_view>
#include <utility>

#include "io/atomic_file.hpp"
#include "kintsugi/core/exit_code.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::array<std::pair<int, std::string_view>, 5> kSignals{
    {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGHUP, "SIGHUP"}, {SIGCONT, "mpirun"}}};
constexpr std::size_t kMostPeers = 4096;

std::atomic<int> seen{0};
std::atomic<int> last_code{0};
std::atomic<bool> ends{true};
std::atomic<bool> speaks{false};
std::atomic<bool> interrupted{false};
std::atomic<std::int64_t> last_asked{0};  // when somebody last asked for signals, in milliseconds
pid_t mpirun = 0;                         // that has started this process; 0: none
std::array<Peer, kMostPeers> peers;
std::atomic<std::size_t> peer_count{0};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler may only touch lock-free atomics");

std::string_view name_of(int number) noexcept {
  for (const auto& [known, name] : kSignals) {
    if (known == number) return name;
  }
  return "a signal";
}

void say(std::string_view text) noexcept {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // there is nobody to tell
}

std::int64_t milliseconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{1000} * now.tv_sec + now.tv_nsec / 1'000'000;
}

/// mpirun ends its ranks by SIGCONT, SIGTERM after a second, and SIGKILL after another one. It hands on what ends a
/// suspension, too: who was suspended has asked nothing for a while. Nobody asks before MPI has started, when an end
/// at once would leave mpirun waiting for ever.
bool is_end_by_mpirun(const siginfo_t& info) noexcept {
  constexpr std::int64_t kSuspended = 300;
  return mpirun != 0 && info.si_pid == mpirun && !ends && milliseconds() - last_asked < kSuspended;
}

/// Decimal digits, at the end of `buffer`.
std::string_view digits(int number, std::array<char, 16>& buffer) noexcept {
  std::size_t at = buffer.size();
  do buffer[--at] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0 && at > 0);
  return {buffer.data() + at, buffer.size() - at};
}

bool is_gone(const Peer& peer) noexcept { return ::kill(peer.process, 0) != 0 && errno == ESRCH; }

void end_where_peer_is_lost(int /*number*/) {
  const int before = errno;
  const Peer* lost = nullptr;
  const Peer* first = nullptr;
  for (std::size_t i = 0; i < peer_count; ++i) {
    const Peer*& which = is_gone(peers[i]) ? lost : first;
    if (which == nullptr) which = &peers[i];
  }
  errno = before;
  if (lost == nullptr) return;
  if (first != nullptr && first->process == ::getpid()) {
    std::array<char, 16> rank{};
    std::array<char, 16> process{};
    say("kintsugi: error: rank ");
    say(digits(lost->rank, rank));
    say(" (process ");
    say(digits(lost->process, process));
    say(") is lost: it was killed, or has crashed. What is on disk stays; --checkpoint and --resume go on from "
        "there\n");
  }
  remove_temporary_files();
  ::_exit(static_cast<int>(ExitCode::internal));
}

/// Has end_where_peer_is_lost() called in a while.
void look_for_peers_soon() noexcept {
  if (peer_count == 0) return;
  struct sigaction action = {};
  action.sa_handler = end_where_peer_is_lost;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  constexpr int kMicroseconds = 600'000;
  const itimerval once{{0, 0}, {0, kMicroseconds}};
  setitimer(ITIMER_REAL, &once, nullptr);
}

void handle(int number, siginfo_t* info, void* /*context*/) {
  if (number == SIGCONT && !is_end_by_mpirun(*info)) return;
  if (ends) {
    if (speaks) {
      say("kintsugi: stopped by ");
      say(name_of(number));
      say("; nothing was written\n");
    }
    remove_temporary_files();
    ::_exit(static_cast<int>(ExitCode::stopped));
  }
  int none = 0;
  if (seen.compare_exchange_strong(none, number)) look_for_peers_soon();
  if (number != SIGINT || !interrupted.exchange(true)) return;
  // The second SIGINT.
  remove_temporary_files();
  std::signal(SIGINT, SIG_DFL);
  ::raise(SIGINT);
}

}  // namespace

void end_at_signals(bool this_one_speaks) {
  speaks = this_one_speaks;
  for (const auto& [number, name] : kSignals) {
    struct sigaction action = {};
    if (number == SIGHUP && sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigaction(number, &action, nullptr);
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr) mpirun = ::getppid();
}

void watch_peers(const std::vector<Peer>& all) {
  std::size_t count = 0;
  // In containers of their own, they have other numbers here.
  if (all.size() > 1 && all.size() <= kMostPeers && std::ranges::none_of(all, is_gone)) count = all.size();
  std::copy_n(all.begin(), count, peers.begin());
  peer_count = count;
}

void note_signals() {
  ends = false;
  std::signal(SIGPIPE, SIG_IGN);
}

void end_soon_if_stopped(ExitCode code) {
  peer_count = 0;  // they end, too
  if (!stop_signal_seen() || seen == SIGUSR1) return;
  last_code = static_cast<int>(code);
  std::signal(SIGALRM, [](int) { ::_exit(last_code); });
  constexpr int kMicroseconds = 100'000;
  const itimerval once{{0, 0}, {0, kMicroseconds}};
  setitimer(ITIMER_REAL, &once, nullptr);
}

bool stop_signal_seen() noexcept {
  last_asked = milliseconds();
  return seen != 0;
}

std::string describe_stop(StopReason reason) {
  const std::string cause(reason == StopReason::time ? "the time limit is reached" : name_of(seen));
  return "stop     " + cause + ": what is being done is abandoned";
}

mpi::SharedStop::Sources stop_sources(bool tells) {
  mpi::SharedStop::Sources sources{.signalled = stop_signal_seen};
  if (tells) sources.on_stop = [](StopReason reason) { std::cerr << describe_stop(reason) + "\n"; };
  return sources;
}

}  // namespace kintsugi::cli
