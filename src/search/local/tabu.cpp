#include "search/local/tabu.hpp"

#include <algorithm>
#include <limits>

namespace kintsugi {

void Tabu::begin(const ScoredOrder& from) {
  current_ = best_ = from;
  idle_ = 0;
  tabu_.clear();
}

bool Tabu::is_tabu(const std::vector<int>& moved) const {
  return std::ranges::any_of(moved, [&](int block) {
    const auto entry = tabu_.find(block);
    return entry != tabu_.end() && entry->second >= steps_;
  });
}

std::vector<Tabu::Neighbour> Tabu::insertions() {
  const std::size_t blocks = current_.blocks.size();
  const std::size_t reach = blocks - 1;
  const std::span<const double> change = model_->screen(reach);
  // The best insertion of each block.
  std::vector<Insertion> best;
  for (std::size_t from = 0; from < blocks; ++from) {
    Insertion move{static_cast<int>(from), 0, std::numeric_limits<double>::infinity()};
    for (std::size_t to = 0; to < blocks; ++to) {
      const double predicted = change[from * (2 * reach + 1) + to + reach - from];
      if (to != from && predicted < move.change) move = {move.from, static_cast<int>(to), predicted};
    }
    if (move.change < std::numeric_limits<double>::infinity()) best.push_back(move);
  }
  std::ranges::stable_sort(best, {}, &Insertion::change);
  // As many that are free, and those tabu ones that look better than all of them: they may satisfy the aspiration.
  std::vector<Neighbour> chosen;
  std::size_t free = 0;
  for (const Insertion& move : best) {
    if (free == parameters_.insertions) break;
    std::vector<int> moved{current_.blocks[static_cast<std::size_t>(move.from)].expand};
    const bool tabu = is_tabu(moved);
    if (tabu && free > 0) continue;
    if (!tabu) ++free;
    chosen.push_back({current_.blocks, std::move(moved)});
    insert_in(chosen.back().blocks, move.from, move.to);
  }
  return chosen;
}

void Tabu::add_exchanges(std::vector<Neighbour>& neighbours) {
  std::vector<std::size_t> untrusted;
  for (std::size_t p = 0; p < current_.blocks.size(); ++p) {
    if (untrusted_.contains(current_.blocks[p].expand)) untrusted.push_back(p);
  }
  if (untrusted.size() < 2) return;
  const SharedWeights& weights = evaluator_->weights();
  for (std::size_t i = 0; i < parameters_.exchanges; ++i) {
    const std::size_t a = untrusted[random_.below(untrusted.size())];
    const std::size_t b = untrusted[random_.below(untrusted.size())];
    const int one = current_.blocks[a].expand;
    const int other = current_.blocks[b].expand;
    if (a == b || weights.hidden(one) != weights.hidden(other)) continue;
    neighbours.push_back({current_.blocks, {one, other}});
    std::swap(neighbours.back().blocks[a].compress, neighbours.back().blocks[b].compress);
  }
}

StepReport Tabu::step() {
  StepReport report;
  report.event = Event::tabu;
  ++steps_;
  std::vector<Neighbour> neighbours;
  if (current_.blocks.size() > 1 && model_->linearise(current_.blocks, current_.tiles)) neighbours = insertions();
  add_exchanges(neighbours);
  std::vector<Blocks> orders;
  for (const Neighbour& neighbour : neighbours) orders.push_back(neighbour.blocks);
  const std::vector<double> errors = evaluator_->errors(current_.blocks, orders, current_.tiles);
  std::size_t best = orders.size();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (is_tabu(neighbours[i].moved) && !(errors[i] < best_.mse)) continue;
    if (best == orders.size() || errors[i] < errors[best]) best = i;
  }
  if (best < orders.size()) {
    current_.blocks = std::move(orders[best]);
    current_.mse = errors[best];
    report.moves = 1;
    for (const int block : neighbours[best].moved) {
      const std::uint64_t longest = current_.blocks.size() / parameters_.tenure_divisor + 1;
      tabu_[block] = steps_ + parameters_.min_tenure + static_cast<std::int64_t>(random_.below(longest));
    }
  }
  if (current_.mse < best_.mse) {
    best_ = current_;
    idle_ = 0;
    report.improved = true;
  } else if (++idle_ >= parameters_.idle_steps) {
    current_ = best_;
    report.stuck = true;
  }
  return report;
}

void Tabu::state(StateArchive& archive) {
  archive(current_, best_, random_, steps_, idle_, tabu_);
  archive.require(current_.blocks.empty() == best_.blocks.empty());
}

}  // namespace kintsugi
