#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "kintsugi/core/exit_code.hpp"

namespace kintsugi::cli {

/// Where a run is, as far as its files tell.
struct RunState {
  enum class Phase { waiting, running, ended, lost };
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  Phase phase = Phase::waiting;
  std::string what;                   ///< what it is doing, or how it ended
  ExitCode code = ExitCode::success;  ///< where it has ended
  double seconds = kNone;             ///< since it began, or of its search
  double silent = 0;                  ///< since its files were last written
  double first = kNone;               ///< MSE that the search began with
  double best = kNone;
  std::int64_t rows = 0;
  std::int64_t evaluations = 0;
  double rate = kNone;  ///< evaluations a second
  Sureness sure;
};

/// The files of one run, looked at again and again while they are written.
class WatchedRun {
 public:
  virtual ~WatchedRun() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// Throws InputError where its file is of another kind.
  [[nodiscard]] virtual RunState look() = 0;
};

/// Runs by what is there: a JSON log (*.jsonl, or a file that begins with "{"), a checkpoint, a solution.h5, or a
/// folder with one of them (log.jsonl, checkpoint.h5, solution.h5; the first of these that there is). Throws InputError
/// for anything else.
[[nodiscard]] std::unique_ptr<WatchedRun> watch_run(const std::filesystem::path& path, const std::string& name);

/// Whether a folder has one of a run's files.
[[nodiscard]] bool holds_run(const std::filesystem::path& folder);

}  // namespace kintsugi::cli
