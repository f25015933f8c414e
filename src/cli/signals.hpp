#pragma once

#include <string>
#include <vector>

#include "kintsugi/core/exit_code.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi::cli {

/// From here on SIGINT, SIGTERM, SIGUSR1 and SIGHUP (where it is not ignored, as nohup does) end the process with exit
/// code 4: without its temporary files, and with a sentence where `speaks`. So does the SIGCONT that Open MPI's mpirun
/// sends a second before SIGTERM when it ends its ranks; not one that ends a suspension.
void end_at_signals(bool speaks);

/// A process of this run on this machine.
struct Peer {
  int rank = 0;
  int process = 0;
};

/// All of them, by rank; more than some thousand are left out. From now on, where a signal has come and one of them is
/// gone soon after, the others would wait for it: they end with code 5, and the first of them says so.
void watch_peers(const std::vector<Peer>& peers);

/// From here on they only leave a note; a second SIGINT ends the process at once. A reader of what is printed that has
/// gone (SIGPIPE) ends nothing.
void note_signals();

/// From here on no peer is missed that is gone: all ranks end. Where a signal has come but SIGUSR1, the process ends
/// with `code` in a tenth of a second at most: an mpirun that is told to end does not answer MPI_Finalize(), waits, and
/// kills its ranks. For when all is written.
void end_soon_if_stopped(ExitCode code);

/// Whether one of them has come.
[[nodiscard]] bool stop_signal_seen() noexcept;

/// Why the run is to end, as a line of a log.
[[nodiscard]] std::string describe_stop(StopReason reason);

/// What a command that runs on all ranks listens to: the signals. A rank that `tells` says so on stderr.
[[nodiscard]] mpi::SharedStop::Sources stop_sources(bool tells);

}  // namespace kintsugi::cli
