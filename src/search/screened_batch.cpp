#include "search/screened_batch.hpp"

#include <algorithm>
#include <numeric>

namespace kintsugi {

namespace {

constexpr std::size_t kChecked = 6;  // of a batch, on the whole sample

std::size_t screen_tiles(const Candidate& current) { return std::min(current.tiles, kScreenTiles); }

}  // namespace

double screen_error(Evaluator& evaluator, const Candidate& current) {
  return evaluator.error(current.blocks, screen_tiles(current));
}

bool take_best(Evaluator& evaluator, Candidate& current, std::vector<Blocks> orders, double screen_error) {
  const std::vector<double> looks = evaluator.errors(current.blocks, orders, screen_tiles(current));
  std::vector<std::size_t> rank(orders.size());
  std::iota(rank.begin(), rank.end(), std::size_t{0});
  std::erase_if(rank, [&](std::size_t i) { return !(looks[i] < screen_error); });
  std::ranges::stable_sort(rank, {}, [&](std::size_t i) { return looks[i]; });
  rank.resize(std::min(rank.size(), kChecked));
  if (rank.empty()) return false;
  std::vector<Blocks> promising;
  for (const std::size_t i : rank) promising.push_back(std::move(orders[i]));
  const std::vector<double> errors = evaluator.errors(current.blocks, promising, current.tiles);
  const auto best = static_cast<std::size_t>(std::ranges::min_element(errors) - errors.begin());
  if (!(errors[best] < current.mse)) return false;
  current.blocks = std::move(promising[best]);
  current.mse = errors[best];
  return true;
}

}  // namespace kintsugi
