#include "cli/missing_finding.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "analysis/missing_block.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

bool all_swaps_above(const Solution& solution, double deviations) {
  return solution.margins.size() > 1 &&
         std::ranges::all_of(solution.margins, [&](const Margin& each) { return each.z() > deviations; });
}

/// The share of the error from which on a missing block explains it; above 1 where it is not to be asked.
double least_share(const Solution& solution, const ProblemFile& problem, const MissingBlockParameters& parameters,
                   const std::vector<Finding>& found) {
  constexpr double kNever = 2;
  if (problem.provenance().contains("left_out")) return parameters.share_if_left_out;
  const auto is_named = [&](std::string_view kind) {
    return std::ranges::any_of(found, [&](const Finding& each) { return each.kind == kind; });
  };
  const auto many = parameters.evaluations_per_block * static_cast<std::int64_t>(solution.assembly.blocks.size());
  const bool ended = solution.status == Status::not_solved || solution.evaluations >= many;
  const bool optimum = all_swaps_above(solution, parameters.sure);
  if ((!ended && !optimum) || is_named("activation") || is_named("form") || is_named("extra")) return kNever;
  if (is_named("pairs") || !all_swaps_above(solution, -parameters.sure)) return parameters.share_in_doubt;
  return optimum ? parameters.share_at_optimum : parameters.share_at_end;
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

void find_missing_block(const Solution& solution, const ProblemFile& problem, const MissingBlockParameters& parameters,
                        std::vector<Finding>& found) {
  const double needed = least_share(solution, problem, parameters, found);
  if (needed > 1) return;
  const NetworkF64 network = problem.network_f64();
  if (!network.form.plain()) return;
  const RowShape shape = problem.shape();
  const std::size_t rows = std::min(shape.rows, std::max<std::size_t>(1, parameters.points / shape.outputs));
  const RowsF64 data = problem.read_f64(0, rows);
  const std::vector<double> shares =
      explained_by_missing_block(network, solution.assembly, data.inputs, data.predictions, rows);
  const double best = std::ranges::max(shares);
  if (!(best > needed)) return;
  std::size_t first = shares.size();
  std::size_t last = 0;
  for (std::size_t place = 0; place < shares.size(); ++place) {
    if (1 - shares[place] > parameters.alike * (1 - best)) continue;
    first = std::min(first, place);
    last = place;
  }
  found.push_back({"missing",
                   (best > parameters.share_in_doubt ? "a block is missing, " : "a block may be missing, ") +
                       range_of_places(first, last, shares.size() - 1) +
                       format(": an unknown one there explains %.0f %% of what is left", 100 * best),
                   "look for its pieces"});
}

}  // namespace kintsugi::cli
