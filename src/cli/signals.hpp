#pragma once

namespace kintsugi::cli {

/// From here on SIGINT, SIGTERM and SIGUSR1 only leave a note; a second SIGINT ends the process at once.
void catch_stop_signals();

/// Whether one of them has come.
[[nodiscard]] bool stop_signal_seen() noexcept;

}  // namespace kintsugi::cli
