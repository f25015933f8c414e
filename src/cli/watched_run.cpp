#include "cli/watched_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/build_info.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"
#include "io/checkpoint_glance.hpp"
#include "io/checkpoint_lock.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/io/solution_file.hpp"

namespace kintsugi::cli {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;
using Phase = RunState::Phase;

constexpr double kGone = 10;  // seconds of silence from which on it is asked whether the process is alive

double silence_of(const fs::path& path) {
  std::error_code error;
  const fs::file_time_type written = fs::last_write_time(path, error);
  if (error) return 0;
  return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count());
}

/// A number of a record; `otherwise` where it has none.
template <class T>
T number_of(const Json& record, const char* name, T otherwise) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number() ? found->get<T>() : otherwise;
}

std::string text_of(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Before the figures in brackets.
std::string short_verdict(const std::string& text) { return text.substr(0, std::min(text.find(" ("), text.find(':'))); }

/// What a JSON log tells, record by record.
class LogReader {
 public:
  void take(const Json& record);
  [[nodiscard]] const RunState& state() const { return state_; }
  /// Whether the process that wrote it was on this machine and is no more.
  [[nodiscard]] bool is_gone() const {
    return process_ > 0 && host_ == host_name() && ::kill(process_, 0) != 0 && errno == ESRCH;
  }

 private:
  void take_row(const Json& record);
  void take_progress(const Json& record);
  void take_result(const Json& record);
  void count_pairs(const Json& record);

  RunState state_;
  Progress progress_;  // names of events only
  std::string host_;
  int process_ = 0;
  double rate_from_seconds_ = RunState::kNone;
  std::int64_t rate_from_evaluations_ = 0;
};

void LogReader::take(const Json& record) {
  const std::string kind = text_of(record, "record");
  if (kind == "start") {  // a run that goes on writes behind the one before
    state_ = {};
    state_.phase = Phase::running;
    state_.what = "pairing by the weights";
    state_.seconds = 0;
    rate_from_seconds_ = RunState::kNone;
    host_ = text_of(record, "host");
    process_ = number_of(record, "process", 0);
  }
  if (kind == "pairs") count_pairs(record);
  if (kind == "row") take_row(record);
  if (kind == "progress") take_progress(record);
  if (kind == "exchange" && number_of(record, "elites", 0) > 1)
    state_.sure.same_order = number_of(record, "same_order", RunState::kNone);
  if (kind == "stop") state_.what = "stopping";
  if (kind == "result") take_result(record);
}

void LogReader::count_pairs(const Json& record) {
  const auto pairs = record.find("pairs");
  if (pairs == record.end() || !pairs->is_array()) return;
  state_.sure.pairs = pairs->size();
  state_.sure.sure_pairs = static_cast<std::size_t>(
      std::ranges::count_if(*pairs, [](const Json& pair) { return pair.is_object() && pair.value("trusted", false); }));
  state_.what = "trying starts";
}

void LogReader::take_row(const Json& record) {
  TrajectoryEntry row;
  const std::string letter = text_of(record, "event");
  if (!letter.empty()) row.event = event_of(letter.front()).value_or(Event::start);
  row.step = number_of(record, "step", std::int64_t{0});
  progress_.on_step(row);
  state_.what = progress_.what();
  state_.best = number_of(record, "best", RunState::kNone);
  if (std::isnan(state_.first)) state_.first = number_of(record, "mse", RunState::kNone);
  state_.rows = number_of(record, "rows", std::int64_t{0});
  state_.evaluations = number_of(record, "evaluations", std::int64_t{0});
  const double seconds = number_of(record, "seconds", RunState::kNone);
  if (std::isnan(seconds)) return;
  state_.seconds = std::max(state_.seconds, seconds);
  if (std::isnan(rate_from_seconds_)) {
    rate_from_seconds_ = seconds;
    rate_from_evaluations_ = state_.evaluations;
  } else if (seconds > rate_from_seconds_) {
    state_.rate = static_cast<double>(state_.evaluations - rate_from_evaluations_) / (seconds - rate_from_seconds_);
  }
}

void LogReader::take_progress(const Json& record) {
  state_.what = text_of(record, "doing");
  state_.seconds = number_of(record, "elapsed", state_.seconds);
  state_.rate = number_of(record, "rate", state_.rate);
  state_.sure.kept_order = number_of(record, "kept_order", state_.sure.kept_order);
  state_.sure.kept_seconds = number_of(record, "kept_seconds", state_.sure.kept_seconds);
}

void LogReader::take_result(const Json& record) {
  state_.phase = Phase::ended;
  state_.what = short_verdict(text_of(record, "text"));
  state_.code = static_cast<ExitCode>(std::clamp(number_of(record, "exit", 0), 0, 5));
  state_.best = number_of(record, "mse", state_.best);
  state_.rows = number_of(record, "rows", state_.rows);
  state_.evaluations = number_of(record, "evaluations", state_.evaluations);
  if (const auto seconds = record.find("seconds"); seconds != record.end() && seconds->is_object())
    state_.seconds = number_of(*seconds, "total", state_.seconds);
}

class WatchedLog final : public WatchedRun {
 public:
  WatchedLog(fs::path path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] RunState look() override;

 private:
  fs::path path_;
  std::string name_;
  std::streamoff read_ = 0;
  std::string rest_;  // the beginning of a line that is being written
  LogReader reader_;
};

RunState WatchedLog::look() {
  std::ifstream file(path_, std::ios::binary | std::ios::ate);
  if (!file) throw InputError(path_.string() + ": cannot be opened");
  if (file.tellg() < read_) {  // another run has begun it anew
    read_ = 0;
    rest_.clear();
    reader_ = {};
  }
  file.seekg(read_);
  std::string text = rest_;
  std::array<char, 65536> chunk{};
  while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    read_ += file.gcount();
  }
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const Json record = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                    text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (record.is_object()) reader_.take(record);
    begin = end + 1;
  }
  rest_ = text.substr(begin);
  RunState state = reader_.state();
  state.silent = silence_of(path_);
  if (state.phase == Phase::running && state.silent > kGone && reader_.is_gone()) {
    state.phase = Phase::lost;
    state.what = "gone without a word";
    state.code = ExitCode::stopped;
  }
  return state;
}

class WatchedCheckpoint final : public WatchedRun {
 public:
  WatchedCheckpoint(fs::path path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] RunState look() override;

 private:
  fs::path path_;
  std::string name_;
};

RunState WatchedCheckpoint::look() {
  const CheckpointGlance glance = glance_at_checkpoint(path_);
  RunState state;
  state.silent = silence_of(path_);
  state.seconds = glance.seconds;
  if (!glance.trajectory.empty()) {
    const TrajectoryEntry& first = glance.trajectory.front();
    const TrajectoryEntry& last = glance.trajectory.back();
    Progress progress;
    progress.on_step(last);
    state.what = progress.what();
    state.first = first.mse;
    state.best = last.best;
    state.rows = last.rows;
    state.evaluations = last.evaluations;
    if (last.seconds > first.seconds)
      state.rate = static_cast<double>(last.evaluations - first.evaluations) / (last.seconds - first.seconds);
  }
  state.phase = CheckpointLock::is_held(path_) ? Phase::running : Phase::ended;
  if (state.phase == Phase::ended) {
    state.what = "no run writes it; the last was at " + state.what;
    state.code = ExitCode::stopped;
  }
  return state;
}

class WatchedSolution final : public WatchedRun {
 public:
  WatchedSolution(fs::path path, std::string name) : path_(std::move(path)), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] RunState look() override;

 private:
  fs::path path_;
  std::string name_;
};

RunState WatchedSolution::look() {
  const StoredSolution stored = read_solution(path_);
  const Solution& solution = stored.solution;
  RunState state;
  state.silent = silence_of(path_);
  state.phase = solution.status == Status::unfinished ? Phase::running : Phase::ended;
  state.what =
      solution.status == Status::unfinished ? "the best order so far" : std::string(to_string(solution.status));
  state.code = static_cast<ExitCode>(std::clamp(stored.facts.exit_code, 0, 5));
  state.best = solution.mse;
  state.rows = static_cast<std::int64_t>(solution.rows);
  state.evaluations = solution.evaluations;
  if (solution.times.total > 0) state.seconds = solution.times.total;
  state.sure.pairs = solution.pairs.size();
  for (const PairScore& pair : solution.pairs) state.sure.sure_pairs += pair.trusted ? 1 : 0;
  return state;
}

constexpr std::array<const char*, 3> kFiles{"log.jsonl", "checkpoint.h5", "solution.h5"};

}  // namespace

bool holds_run(const fs::path& folder) {
  return std::ranges::any_of(kFiles, [&](const char* name) {
    std::error_code ignored;
    return fs::is_regular_file(folder / name, ignored);
  });
}

std::unique_ptr<WatchedRun> watch_run(const fs::path& path, const std::string& name) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    for (const char* const file : kFiles) {
      if (fs::is_regular_file(path / file, ignored)) return watch_run(path / file, name);
    }
    throw InputError(path.string() + ": has no log.jsonl, checkpoint.h5 or solution.h5 of a run");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path.string() + ": cannot be opened");
  constexpr std::string_view kHdf5 = "\x89HDF";
  std::array<char, 4> head{};
  file.read(head.data(), head.size());
  const std::string_view start(head.data(), static_cast<std::size_t>(file.gcount()));
  if (start.starts_with('{') || (start.empty() && path.extension() == ".jsonl"))
    return std::make_unique<WatchedLog>(path, name);
  if (start != kHdf5) {
    throw InputError(path.string() +
                     ": is no run to watch: needs to be a JSON log (solve --log json:FILE), a checkpoint, a "
                     "solution.h5, or a folder with one of them");
  }
  try {
    static_cast<void>(glance_at_checkpoint(path));
    return std::make_unique<WatchedCheckpoint>(path, name);
  } catch (const InputError&) {
    static_cast<void>(read_solution(path));
    return std::make_unique<WatchedSolution>(path, name);
  }
}

}  // namespace kintsugi::cli
