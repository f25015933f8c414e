// kintsugi watch: how far runs are, from the files that they write.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>
#include <thread>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "cli/watched_run.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

namespace fs = std::filesystem;
using Phase = RunState::Phase;

constexpr double kSilentForLong = 60;

struct Looked {
  std::string name;
  RunState state;
};

std::string phase_text(const RunState& state) {
  switch (state.phase) {
    case Phase::waiting: return "waiting";
    case Phase::running: return "running";
    case Phase::ended: return "ended";
    case Phase::lost: return "lost";
  }
  return "";
}

Paint paint_of(const RunState& state) {
  if (state.phase == Phase::running || state.phase == Phase::waiting) return Paint::bold;
  if (state.phase == Phase::lost) return Paint::bad;
  return state.code == ExitCode::success ? Paint::good : Paint::doubtful;
}

std::string best_text(const RunState& state) {
  return std::isnan(state.best) ? "" : format("best %.2e on %lld rows", state.best, static_cast<long long>(state.rows));
}

std::string time_text(const RunState& state) { return std::isnan(state.seconds) ? "" : clock_text(state.seconds); }

std::string rate_of(const RunState& state) { return std::isnan(state.rate) ? "" : rate_text(state.rate); }

/// Phase, what it does, and how long it has been silent.
std::string state_text(const RunState& state) {
  std::string text = phase_text(state);
  if (!state.what.empty()) text += ", " + state.what;
  if (state.phase == Phase::running && state.silent > kSilentForLong)
    text += ", silent for " + clock_text(state.silent);
  return text;
}

std::string joined(std::vector<std::string> parts) {
  std::erase(parts, "");
  return join(parts, ", ");
}

/// One run in one line.
std::string line_of(const RunState& state) {
  return joined({state_text(state), time_text(state), best_text(state), rate_of(state), sureness_text(state.sure)});
}

std::vector<std::string> lines_of(const Looked& run) {
  const RunState& s = run.state;
  std::string error = best_text(s);
  if (!error.empty() && !std::isnan(s.first)) error += format(", from %.2e at the start", s.first);
  std::vector<std::string> lines{
      "run     " + printable(run.name), "state   " + joined({state_text(s), time_text(s)}), "error   " + error,
      "rate    " + joined({format("%lld evaluations", static_cast<long long>(s.evaluations)), rate_of(s)})};
  const std::string sure = sureness_text(s.sure);
  if (!sure.empty()) lines.push_back("sure    " + sure);
  return lines;
}

/// Of more runs than a screen has room for, those that matter most: solved ones, then those with the lowest errors.
std::vector<Looked> best_of(const std::vector<Looked>& runs, std::size_t rows) {
  constexpr std::size_t kOtherLines = 4;  // the header, how many are left out, the sum, and where the cursor stands
  const std::size_t room = rows > kOtherLines ? rows - kOtherLines : 1;
  if (runs.size() <= room) return runs;
  std::vector<std::size_t> chosen(runs.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  std::ranges::stable_sort(chosen, {}, [&](std::size_t i) {
    const RunState& state = runs[i].state;
    const bool solved = state.phase == Phase::ended && state.code == ExitCode::success;
    return std::pair(!solved, std::isnan(state.best) ? std::numeric_limits<double>::infinity() : state.best);
  });
  chosen.resize(room);
  std::ranges::sort(chosen);
  std::vector<Looked> shown;
  shown.reserve(room);
  for (const std::size_t i : chosen) shown.push_back(runs[i]);
  return shown;
}

/// A header and a line for each.
std::vector<std::string> table_of(const std::vector<Looked>& runs) {
  TextTable table({"run", "state", "best", "rows", "evals", "evals/s", "pairs", "time"});
  for (const Looked& run : runs) {
    const RunState& s = run.state;
    // Most are running, and what they do says so.
    const bool plain = s.phase == Phase::running && !s.what.empty() && !(s.silent > kSilentForLong);
    table.add({run.name, plain ? s.what : state_text(s), std::isnan(s.best) ? "" : format("%.2e", s.best),
               std::to_string(s.rows), std::to_string(s.evaluations), s.rate > 0 ? format("%.3g", s.rate) : "",
               s.sure.pairs == 0 ? "" : format("%zu/%zu", s.sure.sure_pairs, s.sure.pairs), time_text(s)});
  }
  std::ostringstream text;
  table.print(text, "");
  std::vector<std::string> lines;
  std::istringstream rows(text.str());
  for (std::string row; std::getline(rows, row);) lines.push_back(row);
  return lines;
}

/// "1 solved, 3 running"
std::string counts_of(const std::vector<Looked>& runs) {
  std::map<std::string, std::size_t> counts;
  for (const Looked& run : runs) {
    const bool solved = run.state.phase == Phase::ended && run.state.code == ExitCode::success;
    ++counts[solved ? "solved" : phase_text(run.state)];
  }
  std::vector<std::string> parts;
  for (const char* const each : {"solved", "running", "waiting", "ended", "lost"}) {
    if (counts[each] > 0) parts.push_back(std::to_string(counts[each]) + " " + each);
  }
  return join(parts, ", ");
}

/// Of several runs: how many are where, and the best.
std::string summary_of(const std::vector<Looked>& runs) {
  const Looked* best = nullptr;
  double rate = 0;
  for (const Looked& run : runs) {
    if (run.state.phase == Phase::running && run.state.rate > 0) rate += run.state.rate;
    if (!std::isnan(run.state.best) && (best == nullptr || run.state.best < best->state.best)) best = &run;
  }
  return joined({counts_of(runs), best == nullptr ? "" : best_text(best->state) + " by " + printable(best->name),
                 rate_text(rate)});
}

bool have_ended(const std::vector<Looked>& runs) {
  return !runs.empty() && std::ranges::none_of(runs, [](const Looked& run) {
    return run.state.phase == Phase::running || run.state.phase == Phase::waiting;
  });
}

class WatchCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "watch"; }
  [[nodiscard]] std::string summary() const override {
    return "Shows how far a running solve is, or those of an array";
  }
  [[nodiscard]] std::string description() const override {
    return "Reads what a solve writes while it runs, and shows its state, best error, rate and how sure it is, again "
           "and "
           "again until the run has ended: on a terminal in place, elsewhere a line at a time. It only reads, and may "
           "be "
           "started and ended at any time, also on another machine that sees the files. Of a folder with several runs, "
           "such as the results of jobs/restarts.sbatch, it shows them all. The exit code is the run's; of several, 0 "
           "where one has solved the problem.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi watch results/kintsugi-restarts-42", "an array of restarts"},
            {"kintsugi watch run.jsonl", "a solve that was started with --log json:run.jsonl"},
            {"kintsugi watch checkpoint.h5 --once", "where a run with --checkpoint was last"}};
  }
  void declare(OptionTable& options) override {
    options.argument("run", "RUN",
                     "a JSON log (solve --log json:FILE), a checkpoint, a solution.h5, or a folder with log.jsonl, "
                     "checkpoint.h5 or solution.h5, or with such folders",
                     input_path(run_));
    options.option("interval", "TIME", "between two looks", duration(interval_));
    options.toggle("once", "look once and end", once_);
  }
  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  /// Finds runs that have begun since the last time.
  void find_runs();
  [[nodiscard]] std::vector<Looked> look();
  void show(const std::vector<Looked>& runs);
  void show_in_place(const std::vector<Looked>& runs);

  fs::path run_;
  double interval_ = 2;
  bool once_ = false;
  bool several_ = false;
  Screen screen_;
  std::map<std::string, std::unique_ptr<WatchedRun>> watched_;
  std::map<std::string, RunState> last_;
  std::size_t lines_shown_ = 0;
};

void WatchCommand::find_runs() {
  std::error_code error;
  if (!fs::exists(run_, error)) throw InputError(run_.string() + ": does not exist");
  if (!fs::is_directory(run_, error) || holds_run(run_)) {
    if (watched_.empty()) watched_.emplace(run_.string(), watch_run(run_, run_.string()));
    return;
  }
  several_ = true;
  for (const fs::directory_entry& entry : fs::directory_iterator(run_, error)) {
    const std::string name = entry.path().filename().string();
    if (watched_.contains(name) || !entry.is_directory(error) || !holds_run(entry.path())) continue;
    try {
      watched_.emplace(name, watch_run(entry.path(), name));
    } catch (const InputError&) {
      // Not whole yet, or of another kind: looked at again the next time.
    }
  }
}

std::vector<Looked> WatchCommand::look() {
  std::vector<Looked> runs;
  runs.reserve(watched_.size());
  for (const auto& [name, run] : watched_) {
    try {
      last_[name] = run->look();
    } catch (const InputError&) {
      // It is being replaced: what was seen last still holds.
    }
    runs.push_back({name, last_[name]});
  }
  // Names with numbers by their number.
  std::ranges::sort(runs, [](const Looked& a, const Looked& b) {
    return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
  });
  return runs;
}

void WatchCommand::show_in_place(const std::vector<Looked>& runs) {
  std::vector<std::string> lines;
  std::vector<Paint> paints;
  if (several_) {
    const std::vector<Looked> shown = screen_.terminal && !once_ ? best_of(runs, screen_.rows) : runs;
    lines = table_of(shown);
    paints.assign(1, Paint::bold);
    for (const Looked& run : shown) paints.push_back(paint_of(run.state));
    if (shown.size() < runs.size()) lines.push_back(format("... and %zu more", runs.size() - shown.size()));
    lines.push_back(summary_of(runs));
  } else if (!runs.empty()) {
    lines = lines_of(runs.front());
    paints = {Paint::none, paint_of(runs.front().state)};
  }
  paints.resize(lines.size(), Paint::none);
  std::string text = lines_shown_ > 0 ? format("\033[%zuA\r\033[J", lines_shown_) : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (screen_.terminal) lines[i].resize(std::min(lines[i].size(), screen_.columns - 1));
    text += painted(lines[i], screen_.colour ? paints[i] : Paint::none) + "\n";
  }
  std::cout << text << std::flush;
  lines_shown_ = lines.size();
}

void WatchCommand::show(const std::vector<Looked>& runs) {
  if (screen_.terminal || once_) {
    show_in_place(runs);
    return;
  }
  std::string text = time_of_day() + " ";
  if (runs.empty()) {
    text += "no run yet";
  } else {
    text += several_ ? summary_of(runs) : line_of(runs.front().state);
  }
  std::cout << text + "\n" << std::flush;
}

ExitCode WatchCommand::run(const Settings&) {
  constexpr double kShortest = 0.05;
  std::vector<Looked> runs;
  while (true) {
    screen_ = screen_of_output();
    find_runs();
    runs = look();
    show(runs);
    if (once_ || have_ended(runs) || !std::cout) break;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::max(interval_, kShortest)));
  }
  if (!have_ended(runs)) return ExitCode::success;
  ExitCode code = runs.front().state.code;
  for (const Looked& run : runs) code = std::min(code, run.state.code);
  return code;
}

}  // namespace

std::unique_ptr<Command> make_watch_command() { return std::make_unique<WatchCommand>(); }

}  // namespace kintsugi::cli
