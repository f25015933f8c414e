#include "cli/signals.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <iostream>
#include <string_view>
#include <utility>

#include "io/atomic_file.hpp"
#include "kintsugi/core/exit_code.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::array<std::pair<int, std::string_view>, 4> kSignals{
    {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGHUP, "SIGHUP"}}};

std::atomic<int> seen{0};
std::atomic<int> last_code{0};
std::atomic<bool> ends{true};
std::atomic<bool> speaks{false};
std::atomic<bool> interrupted{false};
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

void handle(int number) {
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
  seen.compare_exchange_strong(none, number);
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
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

void note_signals() {
  ends = false;
  std::signal(SIGPIPE, SIG_IGN);
}

void end_soon_if_stopped(ExitCode code) {
  if (!stop_signal_seen() || seen == SIGUSR1) return;
  last_code = static_cast<int>(code);
  std::signal(SIGALRM, [](int) { ::_exit(last_code); });
  constexpr int kMicroseconds = 100000;
  const itimerval once{{0, 0}, {0, kMicroseconds}};
  setitimer(ITIMER_REAL, &once, nullptr);
}

bool stop_signal_seen() noexcept { return seen != 0; }

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
