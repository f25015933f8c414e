#pragma once

#include <string>

#include "kintsugi/core/exit_code.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi::cli {

/// From here on SIGINT, SIGTERM, SIGUSR1 and SIGHUP (where it is not ignored, as nohup does) end the process with exit
/// code 4: without its temporary files, and with a sentence where `speaks`.
void end_at_signals(bool speaks);

/// From here on they only leave a note; a second SIGINT ends the process at once. A reader of what is printed that has
/// gone (SIGPIPE) ends nothing.
void note_signals();

/// Where one of them has come but SIGUSR1, the process ends with `code` in a tenth of a second at most: an mpirun that
/// is told to end does not answer MPI_Finalize(), waits, and kills its ranks. For when all is written.
void end_soon_if_stopped(ExitCode code);

/// Whether one of them has come.
[[nodiscard]] bool stop_signal_seen() noexcept;

/// Why the run is to end, as a line of a log.
[[nodiscard]] std::string describe_stop(StopReason reason);

/// What a command that runs on all ranks listens to: the signals. A rank that `tells` says so on stderr.
[[nodiscard]] mpi::SharedStop::Sources stop_sources(bool tells);

}  // namespace kintsugi::cli
