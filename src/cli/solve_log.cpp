#include "cli/solve_log.hpp"

#include <algorithm>

#include "cli/signals.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

bool SolveLog::stop_requested() { return stop_signal_seen(); }

std::string describe_end(const Solution& solution) {
  const std::string error =
      format("MSE %.3g on all %zu rows, largest error %.3g", solution.mse, solution.rows, solution.largest_error);
  const std::string above = format(" (%s; %.3g would be solved)", error.c_str(), solution.target);
  switch (solution.status) {
    case Status::solved: return "solved: every prediction is reproduced up to rounding (" + error + ")";
    case Status::noise:
      return format(
                 "solved up to noise: what is left does not depend on the inputs or on the order, as far as %zu rows "
                 "can tell (explained %.2f %%, by chance up to %.2f %%; ",
                 solution.rows, 100 * solution.explained, 100 * solution.by_chance) +
             error + ")";
    case Status::not_solved: return "not solved: the searches have nothing left to try" + above;
    case Status::time_limit: return "not solved: stopped at the time limit" + above;
    case Status::evaluations: return "not solved: stopped at the limit of evaluations" + above;
    case Status::interrupted: return "not solved: stopped by a signal" + above;
  }
  throw InternalError("unknown status value");
}

PairSummary summarize(const std::vector<PairScore>& pairs) {
  PairSummary summary;
  for (const PairScore& pair : pairs) {
    if (summary.worst == nullptr || pair.margin < summary.worst->margin) summary.worst = &pair;
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
