#include "cli/status_findings.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "cli/text.hpp"
#include "core/certainty.hpp"
#include "core/fold.hpp"
#include "core/number_format.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kNamed = 5;
/// Evaluations for each block below which a search is called short.
constexpr std::int64_t kFewForABlock = 20;

/// "3 and 4, 9 and 10 and 2 more": neighbours in no certain order.
std::string open_neighbours(const Solution& solution) {
  std::vector<std::string> places;
  for (const Margin& margin : solution.margins) {
    if (margin.interchangeable) places.push_back(format("%d and %d", margin.position, margin.position + 1));
  }
  const std::size_t shown = std::min(places.size(), kNamed);
  std::string text = join(std::span(places).first(shown), ", ");
  if (shown < places.size()) text += format(" and %zu more", places.size() - shown);
  return text;
}

void find_noise_level(const Solution& solution, const RowFacts& facts, std::vector<Finding>& found) {
  const double variance = variance_of(facts);
  const Certainty sure = certainty_of(solution);
  std::string text = format("what is left, an MSE of %.3g", solution.mse);
  if (variance > 0) text += format(" (%.2g %% of the predictions' spread)", 100 * std::sqrt(solution.mse / variance));
  text += format(
      ", has nothing to do with the inputs or with swaps of near blocks, which explain %.2f %% of it, by chance up to "
      "%.2f %%",
      100 * solution.explained, 100 * solution.by_chance);
  const std::string open = open_neighbours(solution);
  if (!open.empty())
    text += format("; %zu of %zu neighbours cannot be told apart: positions ", sure.of - sure.certain, sure.of) + open;
  found.push_back({"noise", text,
                   open.empty() ? format("--tolerance %.2g, where so much noise is known to be there", solution.mse)
                                : "more rows: what can be told apart grows with their root"});
}

}  // namespace

void find_reason(const Solution& solution, const ProblemFile& problem, const RowFacts& facts,
                 std::vector<Finding>& found) {
  if (solution.status == Status::noise) find_noise_level(solution, facts, found);
  if (solution.status == Status::precision) {
    found.push_back(
        {"precision",
         std::string("all weights are numbers of ") + to_string(precision_of(problem.network_f64())) +
             format(", and what is left, an MSE of %.3g, is what rounding weights so does to this order", solution.mse),
         "the pieces in float32, if they are to be had"});
  }
  if (solution.status == Status::reproduced) {
    const Certainty sure = certainty_of(solution);
    found.push_back({"order",
                     format("the predictions are reproduced, but decide only %zu of %zu neighbours' order; open are "
                            "positions ",
                            sure.certain, sure.of) +
                         open_neighbours(solution),
                     "more rows that differ, or predictions with more digits"});
  }
}

void find_guessed_parts(const ProblemFile& problem, std::vector<Finding>& found) {
  const Provenance provenance = problem.provenance();
  const auto guessed = provenance.find("guessed_parts");
  if (guessed == provenance.end()) return;
  found.push_back({"form",
                   "which of the " + guessed->second +
                       " belong to which block neither names nor weights tell for certain: they stand where the "
                       "weights and the data "
                       "so far favour them, if they belong to the blocks at all",
                   "pieces named by block and word (0.gate.weight, 0.norm.weight, ...), and import again"});
}

void find_how_far(const Solution& solution, const RowFacts& facts, std::vector<Finding>& found) {
  const auto is_reason = [](const Finding& each) {
    return each.kind != "copies" && each.kind != "ties" && each.kind != "scale" && each.kind != "data";
  };
  if (std::ranges::any_of(found, is_reason)) return;
  const double variance = variance_of(facts);
  const auto blocks = static_cast<std::int64_t>(solution.assembly.blocks.size());
  std::string text = format("the best order leaves an MSE of %.3g", solution.mse);
  if (variance > 0) text += format(", %.2g %% of the predictions' variance,", 100 * solution.mse / variance);
  text += format(" after %lld evaluations", static_cast<long long>(solution.evaluations));
  if (solution.status == Status::not_solved) {
    found.push_back({"search", text + ", and no activation, form, missing or extra block that was tried explains it",
                     "--seed 2, or --islands 4 under mpirun: other ways through the orders"});
    return;
  }
  if (solution.evaluations < kFewForABlock * blocks)
    text += format(", which are few for %lld blocks", static_cast<long long>(blocks));
  found.push_back({"limit", text, "a longer --time-limit with --checkpoint FILE, or more ranks (mpirun -np N)"});
}

}  // namespace kintsugi::cli
