#include "search/islands/other_orders.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "objective/swap_changes.hpp"

namespace kintsugi {

Blocks applied(const Blocks& blocks, const Tie& tie) {
  Blocks changed = blocks;
  const auto first = static_cast<std::size_t>(tie.first);
  const auto second = static_cast<std::size_t>(tie.second);
  if (tie.kind == "trade") std::swap(changed[first], changed[second]);
  if (tie.kind == "move") insert_in(changed, tie.first, tie.second);
  if (tie.kind == "pieces") std::swap(changed[first].compress, changed[second].compress);
  return changed;
}

std::vector<OtherOrder> near_swaps(const LinearModel& model, double room) {
  std::vector<OtherOrder> found;
  int position = 0;
  for (const SwapChange& swap : swap_changes(model)) {
    if (swap.change <= room) found.push_back({{"trade", position, position + 1}, swap.change});
    ++position;
  }
  return found;
}

std::vector<OtherOrder> by_model(LinearModel& model, double room) {
  std::vector<OtherOrder> found;
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

std::vector<OtherOrder> by_weights(const SharedWeights& weights, const Blocks& blocks, const Likeness& alike,
                                   double idle) {
  std::vector<double> norms;
  norms.reserve(blocks.size());
  for (const Block& block : blocks) norms.push_back(alike.norm(static_cast<std::size_t>(block.compress)));
  std::vector<double> sorted = norms;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const double little = idle * sorted[sorted.size() / 2];
  const auto are_alike = [&](int a, int b) { return alike(static_cast<std::size_t>(a), static_cast<std::size_t>(b)); };
  std::vector<OtherOrder> found;
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < blocks.size(); ++b) {
      if (weights.hidden(blocks[a].expand) != weights.hidden(blocks[b].expand)) continue;
      const bool small = norms[a] <= little && norms[b] <= little;
      const bool compress = small || are_alike(blocks[a].compress, blocks[b].compress);
      const bool expand = small || are_alike(blocks[a].expand, blocks[b].expand);
      if (compress || expand) found.push_back({{"pieces", static_cast<int>(a), static_cast<int>(b)}, 0});
      if (compress && expand && b > a + 1) found.push_back({{"trade", static_cast<int>(a), static_cast<int>(b)}, 0});
    }
  }
  return found;
}

std::vector<OtherOrder> other_orders(LinearModel& model, std::vector<OtherOrder> weights, double room,
                                     std::size_t most) {
  const auto of_equals = [&](const OtherOrder& each) {
    return is_of_equals(model.evaluator().weights(), model.base().blocks, each.tie);
  };
  std::vector<OtherOrder> others = by_model(model, room);
  std::ranges::stable_sort(others, {}, &OtherOrder::change);
  std::erase_if(weights, of_equals);
  std::erase_if(others, of_equals);
  weights.resize(std::min(weights.size(), most / 2));
  std::erase_if(others, [&](const OtherOrder& each) {
    return std::ranges::any_of(weights, [&](const OtherOrder& known) {
      return known.tie.kind == each.tie.kind && known.tie.first == each.tie.first &&
             known.tie.second == each.tie.second;
    });
  });
  others.resize(std::min(others.size(), most - weights.size()));
  weights.insert(weights.end(), others.begin(), others.end());
  return weights;
}

Likeness likeness_of(const SharedWeights& weights, const PairingParameters& parameters) {
  std::vector<std::span<const float>> pieces(2 * weights.roles().expand.size() + 1);
  for (std::size_t piece = 0; piece < pieces.size(); ++piece) pieces[piece] = weights.numbers(static_cast<int>(piece));
  return {std::move(pieces), parameters};
}

bool is_of_equals(const SharedWeights& weights, const Blocks& blocks, const Tie& tie) {
  const Block& a = blocks[static_cast<std::size_t>(tie.first)];
  const Block& b = blocks[static_cast<std::size_t>(tie.second)];
  if (tie.kind == "trade") return weights.are_equal(a, b);
  const Block mixed{a.expand, b.compress};
  return tie.kind == "pieces" && (weights.are_equal(a, mixed) || weights.are_equal(b, mixed));
}

}  // namespace kintsugi
