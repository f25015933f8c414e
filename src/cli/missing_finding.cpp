#include "cli/missing_finding.hpp"

#include <algorithm>
#include <string>

#include "analysis/missing_block.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kSure = 3;  // standard errors

/// Rows for the search of the place: time grows with their cube.
constexpr std::size_t kMostPoints = 400;

bool all_swaps_above(const Solution& solution, double deviations) {
  return solution.margins.size() > 1 &&
         std::ranges::all_of(solution.margins, [&](const Margin& each) { return each.z() > deviations; });
}

/// The share of the error from which on a missing block explains it; above 1 where it is not to be asked. Wrong orders
/// that a search has just begun with reach 0.8 and more, those that it ends with 0.5; orders without a block 0.8 to
/// 0.9.
double least_share(const Solution& solution, const ProblemFile& problem, const std::vector<Finding>& found) {
  constexpr double kSome = 0.2;
  constexpr double kMost = 0.6;
  constexpr double kNearlyAll = 0.75;
  constexpr double kNever = 2;
  constexpr std::int64_t kMany = 200;  // evaluations for each block
  if (problem.provenance().contains("left_out")) return kSome;
  if (all_swaps_above(solution, kSure)) return kMost;
  const bool explained = std::ranges::any_of(found, [](const Finding& each) {
    return each.kind == "activation" || each.kind == "form" || each.kind == "extra" || each.kind == "pairs";
  });
  const auto many = kMany * static_cast<std::int64_t>(solution.assembly.blocks.size());
  const bool ended =
      (solution.status == Status::not_solved || solution.evaluations >= many) && all_swaps_above(solution, -kSure);
  return ended && !explained ? kNearlyAll : kNever;
}

/// Where a block is that may stand at the places `first` to `last` of an order of so many blocks.
std::string range_of_places(std::size_t first, std::size_t last, std::size_t blocks) {
  if (first == 0 && last == blocks) return "the errors do not tell where";
  const std::string likely = "by the errors most likely ";
  if (last == 0) return likely + "before the first block";
  if (first == blocks) return likely + "behind the last block";
  if (first == 0) return likely + format("before position %zu", last);
  if (last == blocks) return likely + format("behind position %zu", first - 1);
  return likely + format("between positions %zu and %zu", first - 1, last);
}

}  // namespace

void find_missing_block(const Solution& solution, const ProblemFile& problem, std::vector<Finding>& found) {
  // Places that leave so many times what the best one does are likely, too.
  constexpr double kAlike = 1.2;
  const double needed = least_share(solution, problem, found);
  if (needed > 1) return;
  const NetworkF64 network = problem.network_f64();
  if (!network.form.plain()) return;
  const RowShape shape = problem.shape();
  const std::size_t rows = std::min(shape.rows, std::max<std::size_t>(1, kMostPoints / shape.outputs));
  const RowsF64 data = problem.read_f64(0, rows);
  const std::vector<double> shares =
      explained_by_missing_block(network, solution.assembly, data.inputs, data.predictions, rows);
  const double best = std::ranges::max(shares);
  if (!(best > needed)) return;
  std::size_t first = shares.size();
  std::size_t last = 0;
  for (std::size_t place = 0; place < shares.size(); ++place) {
    if (1 - shares[place] > kAlike * (1 - best)) continue;
    first = std::min(first, place);
    last = place;
  }
  found.push_back({"missing",
                   "a block is missing, " + range_of_places(first, last, shares.size() - 1) +
                       format(": an unknown one there explains %.0f %% of what is left", 100 * best),
                   "look for its pieces"});
}

}  // namespace kintsugi::cli
