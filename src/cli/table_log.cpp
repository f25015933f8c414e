#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "cli/parameters_file.hpp"
#include "cli/signals.hpp"
#include "cli/solve_log.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"

namespace kintsugi::cli {

namespace {

constexpr int kHeaderEvery = 20;
constexpr double kSecondsBetweenLines = 0.5;  // at first;
constexpr double kShareBetweenLines = 0.02;   // later this share of the time so far: lines grow with its logarithm
constexpr double kSecondsBetweenExchanges = 5;
constexpr double kSecondsBetweenUpdates = 0.1;
constexpr double kSecondsBetweenReports = 5;  // where there is no terminal, and later a share of the time so far
constexpr std::size_t kPairsShown = 10;
constexpr std::size_t kLegendColumns = 120;  // where there is no terminal

// The letters of the first column.
std::vector<std::string> event_legend(std::size_t columns) {
  std::vector<std::string> lines{"key:"};
  for (const EventName& name : kEventNames) {
    const std::string one = std::string(" ") + letter(name.event) + ' ' + std::string(name.words) +
                            (&name == &kEventNames.back() ? ';' : ',');
    if (lines.back().size() + one.size() > columns) lines.emplace_back(4, ' ');
    lines.back() += one;
  }
  return lines;
}

/// The time so far, the best error, the rate, what is being done, and how sure. Where they do not fit, the pairs, which
/// seldom change, and then the rate are left out.
std::string progress_text(const Progress& progress, std::size_t columns) {
  constexpr std::size_t kNarrow = 100;
  std::string best;
  std::string rate;
  if (progress.has_step()) {
    const TrajectoryEntry& row = progress.latest();
    best = format("best %.2e", row.best);
    if (columns >= kNarrow) best += format(" on %lld rows", static_cast<long long>(row.rows));
    rate = rate_text(progress.rate());
  }
  std::string pairs = pair_sureness_text(progress.sure());
  const auto joined = [&] {
    std::vector<std::string> parts{clock_text(progress.seconds()),      best, rate, progress.what(), pairs,
                                   order_sureness_text(progress.sure())};
    std::erase(parts, "");
    return join(parts, ", ");
  };
  if (joined().size() >= columns) pairs.clear();
  if (joined().size() >= columns) rate.clear();
  std::string text = joined();
  // A line that is too long for the terminal would be left standing.
  if (text.size() >= columns) text.resize(columns - 1);
  return text;
}

/// Lines of at most so many columns, broken between words; further ones stand under the words of the first. A line for
/// programs is left as it is.
std::string fitting(const std::string& text, std::size_t columns) {
  constexpr std::size_t kLabel = 9;
  if (text.size() <= columns || columns < 3 * kLabel || text.starts_with("RESULT ")) return text;
  const std::size_t indent = text[kLabel - 1] == ' ' ? kLabel : 2;
  std::string shown = text.substr(0, indent);
  const std::vector<std::string> lines = wrap(std::string_view(text).substr(indent), columns - indent);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) shown.append("\n").append(indent, ' ');
    shown += lines[i];
  }
  return shown;
}

class TableLog final : public LogWriter {
 public:
  TableLog(std::ostream& out, LogStyle style) : out_(out), style_(style) {}

  void begin(const SolveHeader& header, const Network& network) override;
  void on_roles(const Roles& roles) override;
  void on_settled_roles(const SettledRoles& settled) override;
  void on_pairs(const std::vector<PairScore>& pairs) override;
  void on_line(const WeightsLine& found) override {
    for (const std::string& each : describe_line(found)) line(each);
  }
  void on_starts(const std::vector<StartOrder>& starts) override;
  void on_step(const TrajectoryEntry& row) override;
  void on_exchange(const ExchangeReport& report) override;
  void on_stop(StopReason reason) override { line(describe_stop(reason)); }
  void on_resume(const std::string& text) override { line("resume   " + text); }
  void on_memory(const MemoryUse& use) override { memory_ = use; }
  void finish(const Solution& solution, const SolveEnding& ending) override;
  void on_warning(const std::string& text) override {
    const std::string shown = fitting("warning: " + printable(text), columns());
    constexpr std::size_t kMark = 8;
    raw_line(painted(shown.substr(0, kMark), style_.colour ? Paint::doubtful : Paint::none) + shown.substr(kMark));
  }
  void on_tick(const Progress& progress) override;
  [[nodiscard]] bool good() const override { return true; }  // nobody need read standard error

 private:
  void line(const std::string& text) { raw_line(fitting(printable(text), columns())); }
  [[nodiscard]] std::size_t columns() const { return style_.terminal ? style_.columns : std::string::npos; }
  /// Of text that is fit for a terminal already.
  void raw_line(const std::string& text);
  void print_row(const TrajectoryEntry& row);
  void print_statistics(const Solution& solution);
  void print_result(const Solution& solution, ExitCode code);
  [[nodiscard]] int index_of(int position) const { return network_->index_of(position); }
  /// Whether the row is one that is always printed; remembers it.
  [[nodiscard]] bool is_milestone(const TrajectoryEntry& row);

  std::ostream& out_;
  LogStyle style_;
  const Network* network_ = nullptr;
  SolveHeader header_;
  MemoryUse memory_;
  std::map<std::int64_t, double> best_by_rows_;
  std::optional<TrajectoryEntry> held_back_;  ///< the latest row, if it was not printed
  double last_printed_ = 0;
  double last_update_ = 0;
  double last_row_ = 0;       ///< time of the latest row
  double last_exchange_ = 0;  ///< time of the latest line on an exchange
  int rows_printed_ = 0;
  bool progress_shown_ = false;
};

void TableLog::raw_line(const std::string& text) {
  if (progress_shown_) out_ << "\r\033[K";
  progress_shown_ = false;
  out_ << text + "\n";
}

void TableLog::begin(const SolveHeader& header, const Network& network) {
  network_ = &network;
  header_ = header;
  line("kintsugi " + header.version + "  (" + header.build + ", products by " + header.gemm_backend + ")");
  std::string run = format("islands %d  seed %llu", header.islands, static_cast<unsigned long long>(header.seed));
  if (style_.times) run = "host " + header.host + format("  ranks %d  ", header.ranks) + run + "  " + date_and_time();
  line(run);
  std::vector<std::string> options;
  for (const Setting& setting : header.given) {
    if (setting.name == "problem") continue;
    const std::string where = setting.source == "command line" ? "" : " (" + setting.source + ")";
    options.push_back(setting.name + " = " + setting.text + where);
  }
  if (!options.empty()) line("options  " + join(options, ", "));
  if (!header.changed.empty()) line("parameters  " + describe_changes(header.changed));
  line("problem  " + header.problem + ": " + count_of(network.pieces.size(), "piece") + ", " +
       count_of(header.rows.rows, "row") + " of " + std::to_string(header.rows.width) + " inputs and " +
       count_of(header.rows.outputs, "prediction"));
}

void TableLog::on_roles(const Roles& roles) {
  const HiddenRange hidden = hidden_range(*network_, roles);
  line("network  " + count_of(roles.expand.size(), "block") + " of width " + std::to_string(roles.width) + ", hidden " +
       range_of(hidden.lowest, hidden.highest) + ", " + std::string(to_string(network_->activation)) +
       format("; head: piece %d", index_of(roles.head)));
}

void TableLog::on_settled_roles(const SettledRoles& settled) {
  std::string open = count_of(static_cast<std::size_t>(settled.open), "pair");
  if (settled.loose > 0) open += " and " + count_of(static_cast<std::size_t>(settled.loose), "single piece");
  line("roles    the data decided which expand of " + open + " of square pieces; searches for that: " +
       format("%lld of %lld evaluations together", static_cast<long long>(settled.trials),
              static_cast<long long>(settled.evaluations)));
}

void TableLog::on_pairs(const std::vector<PairScore>& pairs) {
  const PairSummary summary = summarize(pairs);
  if (summary.worst == nullptr) return;
  line("pairs    " + (summary.untrusted == 0 ? "all trusted" : count_of(summary.untrusted, "untrusted pair")) +
       format("; smallest score margin %.3f (pieces %d and %d score %.3f", summary.worst->score_margin,
              index_of(summary.worst->expand), index_of(summary.worst->compress), summary.worst->score) +
       (summary.worst->runner_up < 0 ? ")"
                                     : format(", runner-up %d scores %.3f)", index_of(summary.worst->runner_up),
                                              summary.worst->runner_up_score)));
  std::size_t shown = 0;
  for (const PairScore& pair : pairs) {
    if (pair.trusted || shown == kPairsShown) continue;
    ++shown;
    line(format("         untrusted: pieces %d and %d score %.3f, runner-up %d scores %.3f", index_of(pair.expand),
                index_of(pair.compress), pair.score, index_of(pair.runner_up), pair.runner_up_score));
  }
  if (shown < summary.untrusted) line(format("         ... and %zu more", summary.untrusted - shown));
}

void TableLog::on_starts(const std::vector<StartOrder>& starts) {
  line("");
  TextTable table({"start", "mse"});
  for (const StartOrder& start : starts) table.add({start.name, format("%.4e", start.mse)});
  table.print(out_, "");
}

bool TableLog::is_milestone(const TrajectoryEntry& row) {
  const auto [best, first] = best_by_rows_.try_emplace(row.rows, row.best);
  if (first) return true;
  if (!(row.best < best->second)) return false;
  best->second = row.best;
  return true;
}

void TableLog::on_exchange(const ExchangeReport& report) {
  if (style_.times && last_row_ - last_exchange_ < std::max(kSecondsBetweenExchanges, kShareBetweenLines * last_row_)) {
    return;
  }
  last_exchange_ = last_row_;
  line(format("         round %lld: %zu elites, best %.4e; all agree on %.1f %% of the order and %.1f %% of the pairs",
              static_cast<long long>(report.round), report.elites, report.best, 100 * report.same_order,
              100 * report.same_pairs));
}

void TableLog::on_step(const TrajectoryEntry& row) {
  last_row_ = row.seconds;
  const bool milestone = is_milestone(row);
  const double pause = std::max(kSecondsBetweenLines, kShareBetweenLines * row.seconds);
  if (milestone || !style_.times || row.seconds - last_printed_ >= pause) {
    print_row(row);
  } else {
    held_back_ = row;
  }
}

void TableLog::print_row(const TrajectoryEntry& row) {
  held_back_.reset();
  last_printed_ = row.seconds;
  if (rows_printed_ == 0) {
    line("");
    for (const std::string& each : event_legend(std::min(columns(), kLegendColumns))) line(each);
    line("     mse and best are on the sample of so many rows, evals count whole networks");
  }
  if (rows_printed_ % kHeaderEvery == 0) {
    line(std::string(" ev    step isl      rows        mse       best    moves      evals") +
         (style_.times ? "    time s" : ""));
  }
  ++rows_printed_;
  line(format("  %c %7lld %3d %9lld %10.4e %10.4e %8lld %10lld", letter(row.event), static_cast<long long>(row.step),
              static_cast<int>(row.island), static_cast<long long>(row.rows), row.mse, row.best,
              static_cast<long long>(row.moves), static_cast<long long>(row.evaluations)) +
       (style_.times ? format(" %9.3f", row.seconds) : ""));
}

void TableLog::on_tick(const Progress& progress) {
  if (!style_.times) return;
  const double now = progress.seconds();
  const double pause =
      style_.terminal ? kSecondsBetweenUpdates : std::max(kSecondsBetweenReports, kShareBetweenLines * now);
  if (now - last_update_ < pause) return;
  last_update_ = now;
  if (!style_.terminal) {
    line("now      " + time_of_day() + ", " + progress_text(progress, std::string::npos));
    return;
  }
  progress_shown_ = true;
  const std::string shown = progress_text(progress, style_.columns);
  out_ << "\r\033[K" << painted(shown, style_.colour ? Paint::dim : Paint::none) << std::flush;
}

void TableLog::print_statistics(const Solution& solution) {
  std::string work = format("work     %lld evaluations, %zu rows in the trajectory",
                            static_cast<long long>(solution.evaluations), solution.trajectory.size());
  if (style_.times) {
    const Times& t = solution.times;
    const double evaluating = t.seeding + t.search + t.check;
    if (evaluating > 0)
      work += format(", %.0f evaluations per second", static_cast<double>(solution.evaluations) / evaluating);
    if (t.search > 0) {
      const double all = t.search + t.check;
      line(format("share    kernels %.1f %%, collectives %.1f %%, the rest %.1f %% of search and checks on rank 0",
                  100 * t.kernels / all, 100 * t.collectives / all, 100 * (all - t.kernels - t.collectives) / all));
    }
    line(format("time     load %.3f, pairing %.3f, seeding %.3f, search %.3f, check %.3f, total %.3f s", t.load,
                t.pairing, t.seeding, t.search, t.check, t.total));
  }
  line(work);
  if (memory_.root > 0) {
    std::string memory = format("memory   rank 0 held at most %.1f MB", memory_.root / 1e6);
    if (memory_.others > 0) memory += format(", another at most %.1f MB", memory_.others / 1e6);
    line(memory + ", with the weights that a node's ranks share");
  }
}

void TableLog::print_result(const Solution& solution, ExitCode code) {
  std::string result = "RESULT status=" + std::string(to_string(solution.status)) +
                       format(" exit=%d mse=%.9g largest_error=%.9g target=%.9g rows=%zu evaluations=%lld",
                              static_cast<int>(code), solution.mse, solution.largest_error, solution.target,
                              solution.rows, static_cast<long long>(solution.evaluations));
  if (style_.times)
    result += format(" search_seconds=%.6f total_seconds=%.6f", solution.times.search, solution.times.total);
  if (solution.status == Status::by_weights) {
    result += format(" agreement=%.9g significance=%.9g trusted=%s direction=open", solution.line.agreement,
                     solution.line.significance, solution.line.trusted() ? "yes" : "no");
  }
  line(result + " sha256=" + solution.sha256);
}

void TableLog::finish(const Solution& solution, const SolveEnding& ending) {
  if (held_back_) print_row(*held_back_);
  line("");
  print_statistics(solution);
  for (const std::string& each : describe_margins(solution, *network_)) line(each);
  for (const std::string& each : describe_places(solution)) line(each);
  print_result(solution, ending.code);
  line("");
  for (const Fact& each : verdict(solution, ending, header_, style_.times))
    raw_line(fact_text(each, style_.terminal ? style_.columns : 0, style_.colour));
  out_ << std::flush;
}

}  // namespace

std::unique_ptr<LogWriter> make_table_log(std::ostream& out, LogStyle style) {
  return std::make_unique<TableLog>(out, style);
}

}  // namespace kintsugi::cli
