#pragma once

namespace kintsugi {

/// The program's exit codes; also stored in solution.h5.
enum class ExitCode : int {
  success = 0,     ///< solved, or the command did what it was asked
  usage = 1,       ///< wrong command line, environment or config file
  bad_input = 2,   ///< a file breaks a rule; nothing was written
  not_solved = 3,  ///< finished without solving; the best order is written
  stopped = 4,     ///< a limit or a signal ended the run; the best order is written
  internal = 5,    ///< a bug in kintsugi, or the machine failed (disk, memory, MPI)
};

}  // namespace kintsugi
