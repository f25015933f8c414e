#include "search/local/screened_batch.hpp"

#include <algorithm>
#include <numeric>

namespace kintsugi {

double ScreenedBatch::screen_error(const ScoredOrder& current) const {
  return evaluator_->error(current.blocks, std::min(current.tiles, parameters_.screen_tiles));
}

bool ScreenedBatch::accept_best(ScoredOrder& current, std::vector<Blocks> orders, double screen_error) const {
  const std::size_t screen_tiles = std::min(current.tiles, parameters_.screen_tiles);
  const std::vector<double> screened = evaluator_->errors(current.blocks, orders, screen_tiles);
  std::vector<std::size_t> rank(orders.size());
  std::iota(rank.begin(), rank.end(), std::size_t{0});
  std::erase_if(rank, [&](std::size_t i) { return !(screened[i] < screen_error); });
  std::ranges::stable_sort(rank, {}, [&](std::size_t i) { return screened[i]; });
  rank.resize(std::min(rank.size(), parameters_.checked));
  if (rank.empty()) return false;
  std::vector<Blocks> promising;
  for (const std::size_t i : rank) promising.push_back(std::move(orders[i]));
  const auto [best, error] = evaluator_->best_of(current.blocks, promising, current.tiles);
  if (!(error < current.mse)) return false;
  current.blocks = std::move(promising[best]);
  current.mse = error;
  return true;
}

}  // namespace kintsugi
