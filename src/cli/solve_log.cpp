#include "cli/solve_log.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "cli/signals.hpp"
#include "cli/text.hpp"
#include "core/certainty.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

void SolveLog::begin(const SolveHeader& header, const Network& network) {
  progress_.doing("pairing by the weights");
  for (const auto& log : logs_) log->begin(header, network);
}

void SolveLog::on_memory(const MemoryUse& use) {
  for (const auto& log : logs_) log->on_memory(use);
}

void SolveLog::finish(const Solution& solution, const SolveEnding& ending) {
  for (const auto& log : logs_) log->finish(solution, ending);
}

void SolveLog::on_stop(StopReason reason) {
  for (const auto& log : logs_) log->on_stop(reason);
}

void SolveLog::on_resume(const std::string& text) {
  for (const auto& log : logs_) log->on_resume(text);
}

bool SolveLog::good() const {
  return std::ranges::all_of(logs_, [](const auto& log) { return log->good(); });
}

void SolveLog::on_roles(const Roles& roles) {
  for (const auto& log : logs_) log->on_roles(roles);
}

void SolveLog::on_settled_roles(const SettledRoles& settled) {
  for (const auto& log : logs_) log->on_settled_roles(settled);
}

void SolveLog::on_pairs(const std::vector<PairScore>& pairs) {
  progress_.on_pairs(pairs);
  progress_.doing("trying starts");
  for (const auto& log : logs_) log->on_pairs(pairs);
}

void SolveLog::on_line(const WeightsLine& line) {
  for (const auto& log : logs_) log->on_line(line);
}

void SolveLog::on_starts(const std::vector<StartOrder>& starts) {
  progress_.doing("search");
  for (const auto& log : logs_) log->on_starts(starts);
}

void SolveLog::on_exchange(const ExchangeReport& report) {
  progress_.on_exchange(report);
  for (const auto& log : logs_) log->on_exchange(report);
}

bool SolveLog::stop_at_once() {
  for (const auto& log : logs_) log->on_tick(progress_);
  return false;
}

void SolveLog::keep_checkpoints(std::filesystem::path path, CheckpointKey key, double interval,
                                std::unique_ptr<CheckpointLock> lock) {
  lock_ = std::move(lock);
  checkpoint_ = std::move(path);
  key_ = std::move(key);
  interval_ = interval;
  since_checkpoint_.restart();
}

bool SolveLog::checkpoint_due() { return !checkpoint_.empty() && since_checkpoint_.seconds() >= interval_; }

void SolveLog::on_checkpoint(const SearchState& state) {
  if (checkpoint_.empty()) return;
  since_checkpoint_.restart();
  try {
    if (lock_) lock_->require_held();
    write_checkpoint(checkpoint_, state, key_);
  } catch (const Error& error) {
    // The search goes on: there is the one before, and the next one may succeed.
    warn(std::string("no checkpoint was written: ") + error.what());
  }
}

void SolveLog::on_copied_weights(std::size_t bytes) {
  warn(format("the ranks of a node cannot share memory here: each holds the weights for itself, %.3g MB",
              static_cast<double>(bytes) / 1e6));
}

void SolveLog::keep_orders(std::function<void(const Solution&)> write) { write_order_ = std::move(write); }

void SolveLog::on_step(const TrajectoryEntry& entry) {
  progress_.on_step(entry);
  if (page_) page_->on_step(entry);
  for (const auto& log : logs_) {
    log->on_step(entry);
    log->on_tick(progress_);
  }
  const auto [best, first] = best_by_rows_.try_emplace(entry.rows, entry.best);
  if (!first && !(entry.best < best->second)) return;
  best->second = entry.best;
  better_order_ = true;
}

bool SolveLog::order_due() {
  return file_due() || (page_ && page_->due()) || (!logs_.empty() && progress_.order_due());
}

bool SolveLog::file_due() const {
  constexpr double kSecondsBetween = 3;
  constexpr double kSecondsUntilFirst = 0.3;  // a solve that is over by then writes but once: a disk may be slow
  const double wait = wrote_order_ ? kSecondsBetween : kSecondsUntilFirst;
  return write_order_ && better_order_ && since_order_.seconds() >= wait;
}

void SolveLog::on_solution_so_far(const Solution& solution) {
  if (solution.status != Status::unfinished) progress_.doing("checks on all rows");
  progress_.on_order(solution.permutation);
  if (solution.status != Status::unfinished || file_due()) write_order(solution);
  renew_page(solution);
}

void SolveLog::write_order(const Solution& solution) {
  if (!write_order_) return;
  wrote_order_ = true;
  better_order_ = false;
  try {
    write_order_(solution);
  } catch (const Error& error) {
    warn(std::string("the best order so far was not written: ") + error.what());
  }
  since_order_.restart();
}

void SolveLog::renew_page(const Solution& solution) {
  if (!page_ || !page_->due()) return;
  try {
    page_->renew(solution);
  } catch (const Error& error) {
    warn(std::string("the page was not renewed: ") + error.what());
  }
}

void SolveLog::finish_page(const Solution& solution) {
  if (page_) page_->finish(solution);
}

void SolveLog::warn(const std::string& text) {
  if (std::ranges::find(warnings_, text) == warnings_.end()) warnings_.push_back(text);
  for (const auto& log : logs_) log->on_warning(text);
}

namespace {

std::string describe_weights_end(const WeightsLine& line) {
  if (line.blocks.size() < 2) return "by weights: one block, whose order needs no predictions";
  const std::string open =
      "; which end is the first is open: the permutation from the other end is as likely; no prediction was used";
  if (line.trusted())
    return format("by weights: the blocks stand in the line that their weights give, each off by about %.1f places",
                  line.places) +
           open;
  return "by weights: the weights do not say the order; this is the smoothest line, which chance may have made" + open;
}

/// Its error, and on how many rows.
std::string plain_error(const Solution& solution) {
  if (solution.rows == 0) return "stopped before an order was evaluated";
  if (std::isnan(solution.largest_error))
    return format("MSE %.3g on a sample of %zu rows, not checked on all", solution.mse, solution.rows);
  return format("MSE %.3g on all %zu rows, largest error %.3g", solution.mse, solution.rows, solution.largest_error);
}

bool says_what_would_be_solved(Status status) {
  switch (status) {
    case Status::solved:
    case Status::reproduced:
    case Status::precision:
    case Status::noise:
    case Status::by_weights: return false;
    case Status::not_solved:
    case Status::time_limit:
    case Status::evaluations:
    case Status::interrupted:
    case Status::unfinished: return true;
  }
  return false;
}

}  // namespace

std::string describe_error(const Solution& solution) {
  std::string text = plain_error(solution);
  if (!says_what_would_be_solved(solution.status)) return text;
  if (!std::isnan(solution.target)) text += format("; %.3g would be solved", solution.target);
  if (solution.excess > 1 && solution.mse <= solution.target)
    text += "; but single predictions are further off than rounding explains";
  return text;
}

std::string describe_status(const Solution& solution) {
  switch (solution.status) {
    case Status::solved: return "solved: every prediction is reproduced up to rounding";
    case Status::reproduced:
      return "reproduced, order not determined: every prediction is reproduced up to rounding, but the data decide the "
             "order of less than half of the neighbours";
    case Status::precision:
      return "solved up to the pieces' precision: what is left is what rounding of the weights explains";
    case Status::noise:
      return format(
          "solved up to noise: what is left does not depend on the inputs or on the order, as far as %zu rows can tell",
          solution.rows);
    case Status::not_solved: return "not solved: the searches have nothing left to try";
    case Status::time_limit: return "not solved: stopped at the time limit";
    case Status::evaluations: return "not solved: stopped at the limit of evaluations";
    case Status::interrupted: return "not solved: stopped by a signal";
    case Status::unfinished: return "not solved: the solve goes on, or was killed";
    case Status::by_weights: return describe_weights_end(solution.line);
  }
  throw InternalError("unknown status value");
}

std::string describe_end(const Solution& solution) {
  if (solution.status == Status::by_weights) return describe_status(solution);
  std::string chance;
  if (solution.status == Status::noise)
    chance = format("explained %.2f %%, by chance up to %.2f %%; ", 100 * solution.explained, 100 * solution.by_chance);
  return describe_status(solution) + " (" + chance + describe_error(solution) + ")";
}

namespace {

/// "3 and 4 (pieces 12 and 7)": the neighbours of a margin.
std::string neighbours(const Margin& margin, const Solution& solution, const Network& network) {
  const auto piece = [&](std::size_t position) { return network.index_of(solution.assembly.blocks[position].expand); };
  const auto first = static_cast<std::size_t>(margin.position);
  return format("%d and %d (pieces %d and %d)", margin.position, margin.position + 1, piece(first), piece(first + 1));
}

}  // namespace

std::vector<std::string> describe_copies(const Solution& solution, const Network& network) {
  const auto content = [&](std::size_t position) {
    const Block& block = solution.assembly.blocks[position];
    const Piece& expand = network.pieces[static_cast<std::size_t>(block.expand)];
    const Piece& compress = network.pieces[static_cast<std::size_t>(block.compress)];
    return std::tie(expand.weight, expand.bias, compress.weight, compress.bias);
  };
  std::vector<std::size_t> positions(solution.assembly.blocks.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::ranges::stable_sort(positions, [&](std::size_t a, std::size_t b) { return content(a) < content(b); });
  std::vector<std::string> lines;
  for (auto first = positions.begin(); first != positions.end();) {
    const auto last =
        std::find_if(first, positions.end(), [&](std::size_t p) { return content(p) != content(*first); });
    if (last - first > 1) {
      std::vector<std::string> words;
      for (auto p = first; p != last; ++p) words.push_back(std::to_string(*p));
      lines.push_back(format("%zu blocks are equal and can trade places: positions ", words.size()) +
                      join(words, ", "));
    }
    first = last;
  }
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> describe_margins(const Solution& solution, const Network& network) {
  if (solution.margins.empty()) return {};
  constexpr std::size_t kNamed = 10;
  const auto blocks = [&](const Margin& margin) { return neighbours(margin, solution, network); };
  const Margin* least = nullptr;
  std::vector<std::string> lines;
  const bool exact = solution.status == Status::solved || solution.status == Status::reproduced;
  const Certainty sure = certainty_of(solution);
  std::size_t open = 0;
  std::size_t falling = 0;
  for (const Margin& margin : solution.margins) {
    if (margin.change < 0) ++falling;
    if (margin.interchangeable) {
      ++open;
      if (open <= kNamed) lines.push_back("         interchangeable: positions " + blocks(margin));
      continue;
    }
    const auto rank = [&](const Margin& each) { return exact ? each.change : each.z(); };
    if (least == nullptr || rank(margin) < rank(*least)) least = &margin;
  }
  if (open > kNamed) lines.push_back(format("         and %zu more", open - kNamed));
  // Of an order that is not the answer, neighbours tell nothing of the answer's.
  std::string summary =
      format(sure.of_answer ? "margins  %zu of %zu neighbours in a certain order"
                            : "margins  %zu of %zu swaps of neighbours would raise the error for certain",
             sure.certain, sure.of);
  if (least != nullptr) {
    summary += format("; the closest: positions %s, swapped the MSE changes by %+.2e, ", blocks(*least).c_str(),
                      least->change) +
               (exact ? format("%.1e times the target", least->change / solution.target)
                      : format("%.1f standard errors", least->z()));
  }
  lines.insert(lines.begin(), summary);
  if (!exact) {
    lines.push_back(falling == 0 ? "         a local optimum: no swap of neighbours lowers the error on all rows"
                                 : format("         no local optimum: %zu swaps of neighbours would lower the error on "
                                          "all rows, by finite differences",
                                          falling));
  }
  for (const std::string& line : describe_copies(solution, network)) lines.push_back("copies   " + line);
  return lines;
}

std::vector<std::string> describe_line(const WeightsLine& line) {
  if (line.blocks.size() < 2) return {};
  const std::string agreement = format("agree to %.2f (%.1f standard errors", line.agreement, line.significance);
  if (line.trusted()) {
    return {"depth    the weights alone put the blocks in line: expand and compress pieces " + agreement +
            format("), places +-%.1f", line.places)};
  }
  return {"depth    the weights do not say the order: lines by expand and by compress pieces " + agreement +
          format(", %.1f are needed)", line.needed)};
}

std::vector<std::string> describe_places(const Solution& solution) {
  constexpr std::size_t kInLine = 16;
  if (solution.status != Status::by_weights || solution.line.blocks.size() < 2) return {};
  const std::vector<double>& off = solution.line.off;
  std::vector<std::string> lines;
  for (std::size_t first = 0; first < off.size(); first += kInLine) {
    const std::size_t last = std::min(off.size(), first + kInLine);
    lines.push_back(format("places   %3zu to %3zu +-", first, last - 1));
    for (std::size_t p = first; p < last; ++p) lines.back().append(format(" %.1f", off[p]));
  }
  lines.push_back("reversed " + format_permutation(reversed(solution.permutation)));
  return lines;
}

PairSummary summarize(const std::vector<PairScore>& pairs) {
  PairSummary summary;
  for (const PairScore& pair : pairs) {
    if (summary.worst == nullptr || pair.score_margin < summary.worst->score_margin) summary.worst = &pair;
    if (!pair.trusted) ++summary.untrusted;
  }
  return summary;
}

HiddenRange hidden_range(const Network& network, const Roles& roles) {
  HiddenRange range;
  for (const int expand : roles.expand) {
    const std::size_t hidden = network.pieces[static_cast<std::size_t>(expand)].out;
    range.lowest = range.lowest == 0 ? hidden : std::min(range.lowest, hidden);
    range.highest = std::max(range.highest, hidden);
  }
  return range;
}

}  // namespace kintsugi::cli
