#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/terminal.hpp"
#include "core/stop.hpp"
#include "kintsugi/core/exit_code.hpp"
#include "kintsugi/core/parameters.hpp"
#include "kintsugi/solve.hpp"

namespace kintsugi::cli {

/// What a log starts with.
struct SolveHeader {
  std::string version;
  std::string build;
  std::string gemm_backend;
  std::string host;
  int ranks = 1;
  int islands = 1;
  std::uint64_t seed = 1;
  std::vector<Setting> given;             ///< the options that somebody set
  std::vector<ChangedParameter> changed;  ///< the parameters that are not at their default
  std::string problem;                    ///< path as the user gave it
  RowShape rows;
};

/// A line of the verdict.
struct Fact {
  std::string label;
  std::string text;
  Paint paint = Paint::none;
};

/// What a log ends with.
struct SolveEnding {
  ExitCode code = ExitCode::success;
  std::string written{};      ///< where the solution went, or empty
  std::vector<Fact> facts{};  ///< further lines of the verdict, in place of what was written
};

/// One log of a solve: it is told all that happens, on rank 0.
class LogWriter : public SolveObserver {
 public:
  /// Comes first. `network` must outlive the log.
  virtual void begin(const SolveHeader& header, const Network& network) = 0;
  /// Comes before the last, and not without times: runs differ in this.
  virtual void on_memory(const MemoryUse& use) = 0;
  /// Comes last.
  virtual void finish(const Solution& solution, const SolveEnding& ending) = 0;
  virtual void on_warning(const std::string& text) = 0;
  /// Says at once that the run is to end.
  virtual void on_stop(StopReason reason) = 0;
  /// Says where the search goes on from, or that it does not.
  virtual void on_resume(const std::string& text) = 0;
  /// Comes every few milliseconds, in the middle of steps, too.
  virtual void on_tick(const Progress& progress) = 0;
  /// False where something could not be written.
  [[nodiscard]] virtual bool good() const = 0;
};

/// How a log is written.
struct LogStyle {
  bool times = true;      ///< false: leave out times and what else differs between runs of one problem: host, ranks
  bool terminal = false;  ///< a progress line is kept up to date in place
  bool colour = false;
  std::size_t columns = 80;  ///< of the terminal
};

/// A keyed table for people. Lines come at most so often that a long run stays readable, but a new best, the first line
/// of a sample and the last line always; without times every line comes. Where there is no terminal, a line says every
/// few seconds where the run is. The last lines are the verdict, a fact each.
[[nodiscard]] std::unique_ptr<LogWriter> make_table_log(std::ostream& out, LogStyle style);

/// One JSON object per line, every line of the trajectory included; log.schema.json describes them. With times, each
/// has the time of day, and one comes every few seconds that says where the run is.
[[nodiscard]] std::unique_ptr<LogWriter> make_json_log(std::ostream& out, LogStyle style);
/// The same into a file, behind what is there where `append`. Throws UsageError where it cannot be opened.
[[nodiscard]] std::unique_ptr<LogWriter> make_json_log(const std::filesystem::path& path, bool append, LogStyle style);

}  // namespace kintsugi::cli
