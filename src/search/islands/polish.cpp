#include "search/islands/polish.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "objective/exact_changes.hpp"
#include "search/islands/other_orders.hpp"

namespace kintsugi {

namespace {

constexpr std::size_t kGrowth = 4;  // of the rows, from stage to stage

/// The first and the last position that a change is about.
std::pair<int, int> range_of(const Tie& tie) { return std::minmax(tie.first, tie.second); }

class Polish {
 public:
  Polish(IslandGroup& group, const Parameters& parameters, double mse, double budget)
      : evaluator_(group.evaluator()),
        model_(group.model()),
        parameters_(parameters),
        alike_(likeness_of(evaluator_.weights(), parameters.pairing)),
        mse_(mse),
        budget_(budget) {}

  /// `blocks` after one round of changes that lower the error; the same where none does.
  [[nodiscard]] Blocks improved(const Blocks& blocks) {
    std::vector<OtherOrder> better = lowering(blocks, candidates(blocks));
    if (better.empty() || budget_ <= 0) return blocks;
    // All of them that do not overlap, or the best one alone.
    std::ranges::stable_sort(better, {}, &OtherOrder::change);
    std::vector<Blocks> orders{applied(blocks, better.front().tie), blocks};
    std::vector<Tie> taken;
    for (const OtherOrder& each : better) {
      const auto [first, last] = range_of(each.tie);
      const bool free = std::ranges::none_of(taken, [&, from = first, to = last](const Tie& other) {
        return range_of(other).first <= to && from <= range_of(other).second;
      });
      if (!free) continue;
      taken.push_back(each.tie);
      orders.back() = applied(orders.back(), each.tie);
    }
    const std::vector<ExactChange> changes = exact_changes(evaluator_, blocks, mse_, orders, evaluator_.rows().tiles());
    budget_ -= static_cast<double>(orders.size() + 1);
    const auto best = std::ranges::min_element(changes, {}, &ExactChange::mean);
    mse_ *= 1 + best->mean;
    return orders[static_cast<std::size_t>(best - changes.begin())];
  }

 private:
  [[nodiscard]] std::vector<OtherOrder> candidates(const Blocks& blocks) {
    const std::size_t few = evaluator_.rows().tiles_for(static_cast<std::size_t>(parameters_.island.margin_rows));
    if (!model_.linearise_once(blocks, few, 1)) return {};
    const double room = parameters_.polish.room * mse_;
    const auto most = static_cast<std::size_t>(parameters_.polish.trials);
    std::vector<OtherOrder> found = near_swaps(model_, room);
    std::erase_if(found, [&](const OtherOrder& each) { return is_of_equals(evaluator_.weights(), blocks, each.tie); });
    std::ranges::stable_sort(found, {}, &OtherOrder::change);
    found.resize(std::min(found.size(), most));
    const std::vector<OtherOrder> others =
        other_orders(model_, by_weights(evaluator_.weights(), blocks, alike_, parameters_.island.tie_idle), room,
                     most - found.size());
    found.insert(found.end(), others.begin(), others.end());
    return found;
  }

  /// Those of `found` that lower the error on all rows, as far as the budget goes: on more and more rows, those that
  /// raise it for certain are left out.
  [[nodiscard]] std::vector<OtherOrder> lowering(const Blocks& blocks, std::vector<OtherOrder> found) {
    const std::size_t all = evaluator_.rows().tiles();
    std::vector<std::size_t> stages;
    for (std::size_t tiles = all; tiles > 0; tiles /= kGrowth) stages.push_back(tiles);
    // Half of the budget, shared by all stages: each leaves something for those on more rows.
    double left = budget_ / 2;
    for (; !stages.empty() && !found.empty(); stages.pop_back()) {
      const std::size_t tiles = stages.back();
      const double paid = paid_for(blocks, static_cast<double>(tiles) / static_cast<double>(all),
                                   left / static_cast<double>(stages.size()), found);
      left -= paid;
      budget_ -= paid;
      std::vector<Blocks> orders;
      orders.reserve(found.size());
      for (const OtherOrder& each : found) orders.push_back(applied(blocks, each.tie));
      const std::vector<ExactChange> changes = exact_changes(evaluator_, blocks, mse_, orders, tiles);
      std::vector<OtherOrder> kept;
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double least =
            tiles == all ? -parameters_.polish.least : parameters_.polish.deviations * changes[i].standard_error;
        if (changes[i].mean < least) kept.push_back({found[i].tie, changes[i].mean});
      }
      found = std::move(kept);
      std::ranges::stable_sort(found, {}, &OtherOrder::change);
    }
    return found;
  }

  /// What evaluations on a share of the rows cost, of those of `found` that `budget` does for; the others are left out.
  [[nodiscard]] static double paid_for(const Blocks& blocks, double share, double budget,
                                       std::vector<OtherOrder>& found) {
    double paid = share;  // the order itself
    std::size_t count = 0;
    for (; count < found.size(); ++count) {
      const auto first = static_cast<double>(range_of(found[count].tie).first);
      const double cost = share * (1 - first / static_cast<double>(blocks.size()));
      if (paid + cost > budget) break;
      paid += cost;
    }
    found.resize(count);
    return paid;
  }

  Evaluator& evaluator_;
  LinearModel& model_;
  const Parameters& parameters_;
  Likeness alike_;
  double mse_;
  double budget_;  // evaluations of the network on all rows
};

/// Multiplications of an evaluation on all rows.
double products_of(const Evaluator& evaluator, const Blocks& blocks) {
  const SharedWeights& weights = evaluator.weights();
  double products = 0;
  for (const Block& block : blocks) {
    products +=
        static_cast<double>(weights.roles().width * (weights.inner(block.expand) + weights.hidden(block.expand)));
  }
  return products * static_cast<double>(evaluator.rows().shape().rows);
}

}  // namespace

void polish(IslandGroup& group, const ErrorFloor& floor, const Parameters& parameters, std::int64_t searched,
            Answer& answer) {
  const PolishParameters& limits = parameters.polish;
  if (answer.blocks.size() < 2 || !(answer.scaled > 0) || !std::isfinite(answer.scaled) || !floor.rows_differ()) return;
  const double budget = std::max({static_cast<double>(std::min(searched / 4, limits.evaluations)),
                                  static_cast<double>(limits.least_evaluations),
                                  limits.least_products / products_of(group.evaluator(), answer.blocks)});
  Polish polishing(group, parameters, answer.scaled, budget);
  Blocks blocks = answer.blocks;
  while (true) {
    Blocks next = polishing.improved(blocks);
    if (next == blocks) break;
    blocks = std::move(next);
  }
  if (blocks == answer.blocks) return;
  Answer other = answer;
  const Evaluator::Check check = group.evaluator().check(blocks);
  other.blocks = std::move(blocks);
  other.mse = check.mse;
  other.largest_error = check.largest_error;
  other.scaled = check.scaled;
  other.verdict = floor.judge(group.evaluator(), other.blocks, check.outputs);
  if (floor.is_solved(other.mse, other.verdict)) answer = std::move(other);
}

}  // namespace kintsugi
