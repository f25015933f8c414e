#include "search/iterated/perturbation.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kintsugi {

namespace {

// `order` with the blocks of its window [first, last) in the sequence that they have in `other`. Pairs stay.
Blocks reorder_window(Blocks order, const Blocks& other, std::size_t first, std::size_t last) {
  const auto position = [&](const Block& block) { return position_of(block.expand, other); };
  std::ranges::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(first),
                           order.begin() + static_cast<std::ptrdiff_t>(last), {}, position);
  return order;
}

}  // namespace

Perturbation::Perturbation(Evaluator& evaluator, PerturbationKind kind, std::set<int> untrusted, Random random,
                           const PerturbationParameters& parameters)
    : evaluator_(&evaluator), kind_(kind), untrusted_(std::move(untrusted)), random_(random), parameters_(parameters) {}

Perturbation::Result Perturbation::apply(const ScoredOrder& incumbent, const ScoredOrder& current) {
  if (kind_ == PerturbationKind::restart) return restart(current);
  if (!elites_.empty() && random_.below(parameters_.cross_every) == 0) {
    if (std::optional<Result> child = cross(incumbent)) return std::move(*child);
  }
  return kick(incumbent);
}

Perturbation::Result Perturbation::restart(ScoredOrder current) {
  random_.shuffle(std::span(current.blocks));
  current.mse = evaluator_->error(current.blocks, current.tiles);
  return {.order = std::move(current), .event = Event::restart};
}

std::optional<Perturbation::Result> Perturbation::cross(const ScoredOrder& incumbent) {
  const std::size_t blocks = incumbent.blocks.size();
  std::vector<Blocks> children;
  for (std::size_t i = 0; i < parameters_.children; ++i) {
    const Blocks& other = elites_[random_.below(elites_.size())];
    const std::size_t length = 2 + random_.below(blocks - 1);
    const std::size_t first = random_.below(blocks - length + 1);
    Blocks child = reorder_window(incumbent.blocks, other, first, first + length);
    if (child != incumbent.blocks) children.push_back(std::move(child));
  }
  if (children.empty()) return std::nullopt;
  const auto [best, error] = evaluator_->best_of(incumbent.blocks, children, incumbent.tiles);
  return Result{.order = {std::move(children[best]), error, incumbent.tiles}, .event = Event::crossover, .moves = 1};
}

void Perturbation::exchange_untrusted(Blocks& blocks) {
  std::vector<Block*> untrusted;
  for (Block& block : blocks) {
    if (untrusted_.contains(block.expand)) untrusted.push_back(&block);
  }
  Block& one = *untrusted[random_.below(untrusted.size())];
  Block& other = *untrusted[random_.below(untrusted.size())];
  const SharedWeights& weights = evaluator_->weights();
  if (weights.hidden(one.expand) == weights.hidden(other.expand)) std::swap(one.compress, other.compress);
}

Perturbation::Result Perturbation::kick(ScoredOrder order) {
  const int blocks = static_cast<int>(order.blocks.size());
  const int reach = static_cast<int>(parameters_.kick_reach);
  const auto moves = static_cast<std::int64_t>(1 + random_.below(parameters_.kick_moves));
  for (std::int64_t i = 0; i < moves; ++i) {
    if (untrusted_.size() > 1 && random_.below(parameters_.exchange_every) == 0) {
      exchange_untrusted(order.blocks);
      continue;
    }
    const int from = static_cast<int>(random_.below(static_cast<std::uint64_t>(blocks)));
    const int shift = static_cast<int>(random_.below(2 * parameters_.kick_reach + 1)) - reach;
    insert_in(order.blocks, from, std::clamp(from + shift, 0, blocks - 1));
  }
  order.mse = evaluator_->error(order.blocks, order.tiles);
  return {.order = std::move(order), .event = Event::kick, .moves = moves};
}

}  // namespace kintsugi
