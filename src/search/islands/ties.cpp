#include "search/islands/ties.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/alike.hpp"
#include "objective/swap_changes.hpp"

namespace kintsugi {

namespace {

/// Of the model's predictions: what they may miss of an error.
constexpr double kSlack = 100;
/// Weights this small against others' are worth a trial.
constexpr double kIdle = 1e-2;

struct Candidate {
  Tie tie;
  double change = 0;
};

Blocks applied(const Blocks& blocks, const Tie& tie) {
  Blocks changed = blocks;
  const auto first = static_cast<std::size_t>(tie.first);
  const auto second = static_cast<std::size_t>(tie.second);
  if (tie.kind == "trade") std::swap(changed[first], changed[second]);
  if (tie.kind == "move") insert_in(changed, tie.first, tie.second);
  if (tie.kind == "pieces") std::swap(changed[first].compress, changed[second].compress);
  return changed;
}

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

std::vector<Candidate> by_model(LinearModel& model, double room) {
  std::vector<Candidate> found;
  const auto blocks = static_cast<int>(model.base().blocks.size());
  const std::vector<double> trades = trade_changes(model);
  for (int a = 0; a < blocks; ++a) {
    for (int b = a + 2; b < blocks; ++b) {
      const double change =
          trades[static_cast<std::size_t>(a) * model.base().blocks.size() + static_cast<std::size_t>(b)];
      if (change <= room) found.push_back({{"trade", a, b}, change});
    }
  }
  const std::span<const double> moves = model.screen(static_cast<std::size_t>(blocks - 1));
  for (int from = 0; from < blocks; ++from) {
    for (int to = 0; to < blocks; ++to) {
      const double change = moves[static_cast<std::size_t>(from * (2 * blocks - 1) + to - from + blocks - 1)];
      if (std::abs(to - from) >= 2 && change <= room) found.push_back({{"move", from, to}, change});
    }
  }
  return found;
}

/// Blocks that may exchange their compress pieces: these, or the expand pieces, are alike, or both do next to nothing.
/// Where all that is so, they may trade places, too: the model is too coarse to see it.
std::vector<Candidate> by_weights(const SharedWeights& weights, const Blocks& blocks) {
  std::vector<double> norms;
  norms.reserve(blocks.size());
  for (const Block& block : blocks) norms.push_back(norm_of(weights.numbers(block.compress)));
  std::vector<double> sorted = norms;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const double idle = kIdle * sorted[sorted.size() / 2];
  const auto alike = [&](int a, int b) { return are_alike(weights.numbers(a), weights.numbers(b)); };
  std::vector<Candidate> found;
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < blocks.size(); ++b) {
      if (weights.hidden(blocks[a].expand) != weights.hidden(blocks[b].expand)) continue;
      const bool small = norms[a] <= idle && norms[b] <= idle;
      const bool compress = small || alike(blocks[a].compress, blocks[b].compress);
      const bool expand = small || alike(blocks[a].expand, blocks[b].expand);
      if (compress || expand) found.push_back({{"pieces", static_cast<int>(a), static_cast<int>(b)}, 0});
      if (compress && expand && b > a + 1) found.push_back({{"trade", static_cast<int>(a), static_cast<int>(b)}, 0});
    }
  }
  return found;
}

bool is_same(const Tie& a, const Tie& b) { return a.kind == b.kind && a.first == b.first && a.second == b.second; }

/// Whether it changes nothing that has a name.
bool is_of_equals(const SharedWeights& weights, const Blocks& blocks, const Tie& tie) {
  const Block& a = blocks[static_cast<std::size_t>(tie.first)];
  const Block& b = blocks[static_cast<std::size_t>(tie.second)];
  if (tie.kind == "trade") return weights.are_equal(a, b);
  const Block mixed{a.expand, b.compress};
  return tie.kind == "pieces" && (weights.are_equal(a, mixed) || weights.are_equal(b, mixed));
}

/// Those whose MSE on all rows is at most `tied`. Squared errors of some rows that are more than that of all are enough
/// to leave one out, so few are evaluated on more than some tiles.
std::vector<Tie> with_error_up_to(double tied, Evaluator& evaluator, const Blocks& blocks,
                                  const std::vector<Candidate>& candidates) {
  constexpr std::size_t kFirstTiles = 2;
  constexpr std::size_t kGrowth = 4;
  const std::size_t all = evaluator.rows().tiles();
  std::vector<Tie> ties;
  ties.reserve(candidates.size());
  for (const Candidate& each : candidates) ties.push_back(each.tie);
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
                           const IslandParameters& parameters, std::size_t trials) {
  Evaluator& evaluator = group.evaluator();
  const std::size_t few = evaluator.rows().tiles_for(static_cast<std::size_t>(parameters.margin_rows));
  const Blocks& blocks = answer.blocks;
  if (blocks.size() < 2 || blocks.size() > kMostTied || !std::isfinite(answer.scaled) || !floor.rows_differ())
    return {};
  const double tied = tied_error(group, answer, status, floor, parameters);
  if (!std::isfinite(tied) || !group.model().linearise_once(blocks, few, 1)) return {};
  std::vector<Candidate> candidates = by_weights(evaluator.weights(), blocks);
  const double room = std::max(0.0, kSlack * (tied - answer.scaled));
  std::vector<Candidate> others = by_model(group.model(), room);
  std::ranges::stable_sort(others, {}, &Candidate::change);
  const auto of_equals = [&](const Candidate& each) { return is_of_equals(evaluator.weights(), blocks, each.tie); };
  std::erase_if(candidates, of_equals);
  std::erase_if(others, of_equals);
  candidates.resize(std::min(candidates.size(), trials / 2));
  std::erase_if(others, [&](const Candidate& each) {
    return std::ranges::any_of(candidates, [&](const Candidate& known) { return is_same(known.tie, each.tie); });
  });
  others.resize(std::min(others.size(), trials - candidates.size()));
  candidates.insert(candidates.end(), others.begin(), others.end());
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
