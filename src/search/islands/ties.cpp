#include "search/islands/ties.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "search/islands/other_orders.hpp"

namespace kintsugi {

namespace {

/// The MSE up to which another order explains the predictions as well.
double tied_error(IslandGroup& group, const Answer& answer, Status status, const ErrorFloor& floor,
                  const IslandParameters& parameters) {
  const std::size_t rows = group.evaluator().rows().shape().rows;
  const double entries = group.evaluator().entries(group.evaluator().rows().tiles());
  if (status == Status::precision) {
    return std::max(answer.scaled, floor.precision_target(group.evaluator(), answer.blocks));
  }
  if (status == Status::noise) return answer.scaled * (1 + parameters.margin_odds / entries);
  const double rounded = parameters.margin_deviations * parameters.margin_deviations * floor.rounding();
  return std::max(margin_target(answer, floor.scaled_target(rows), parameters.margin_room),
                  answer.scaled + rounded / entries);
}

/// Those whose MSE on all rows is at most `tied`. Squared errors of some rows that are more than that of all are enough
/// to leave one out, so few are evaluated on more than some tiles.
std::vector<Tie> with_error_up_to(double tied, Evaluator& evaluator, const Blocks& blocks,
                                  const std::vector<OtherOrder>& candidates) {
  constexpr std::size_t kFirstTiles = 2;
  constexpr std::size_t kGrowth = 4;
  const std::size_t all = evaluator.rows().tiles();
  std::vector<Tie> ties;
  ties.reserve(candidates.size());
  for (const OtherOrder& each : candidates) ties.push_back(each.tie);
  for (std::size_t tiles = std::min(kFirstTiles, all); !ties.empty(); tiles = std::min(all, kGrowth * tiles)) {
    std::vector<Blocks> orders;
    orders.reserve(ties.size());
    for (const Tie& tie : ties) orders.push_back(applied(blocks, tie));
    const std::vector<double> errors = evaluator.errors(blocks, orders, tiles);
    const double bound = tied * evaluator.entries(all) / evaluator.entries(tiles);
    std::vector<Tie> left;
    for (std::size_t i = 0; i < ties.size(); ++i) {
      if (errors[i] <= bound) left.push_back(ties[i]);
    }
    ties = std::move(left);
    if (tiles == all) break;
  }
  return ties;
}

}  // namespace

std::vector<Tie> find_ties(IslandGroup& group, const Answer& answer, Status status, const ErrorFloor& floor,
                           const Parameters& parameters, std::size_t trials) {
  Evaluator& evaluator = group.evaluator();
  const std::size_t few = evaluator.rows().tiles_for(static_cast<std::size_t>(parameters.island.margin_rows));
  const Blocks& blocks = answer.blocks;
  if (blocks.size() < 2 || blocks.size() > kMostTied || !std::isfinite(answer.scaled) || !floor.rows_differ())
    return {};
  const double tied = tied_error(group, answer, status, floor, parameters.island);
  if (!std::isfinite(tied) || !group.model().linearise_once(blocks, few, 1)) return {};
  const double room = std::max(0.0, parameters.island.tie_slack * (tied - answer.scaled));
  const Likeness alike = likeness_of(evaluator.weights(), parameters.pairing);
  const std::vector<OtherOrder> candidates = other_orders(
      group.model(), by_weights(evaluator.weights(), blocks, alike, parameters.island.tie_idle), room, trials);
  return with_error_up_to(tied, evaluator, blocks, candidates);
}

void mark_tied(const std::vector<Tie>& ties, std::vector<Margin>& margins) {
  const auto mark = [&](int position) {
    if (position >= 0 && position < static_cast<int>(margins.size())) {
      margins[static_cast<std::size_t>(position)].interchangeable = true;
    }
  };
  for (const Tie& tie : ties) {
    if (tie.kind == "move") {
      mark(tie.first < tie.second ? tie.first : tie.first - 1);
    } else if (tie.kind == "trade") {
      mark(tie.first);
      mark(tie.second - 1);
    } else {
      for (const int position : {tie.first - 1, tie.first, tie.second - 1, tie.second}) mark(position);
    }
  }
}

}  // namespace kintsugi
