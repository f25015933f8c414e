#include "search/islands/exchange_rise.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "objective/exchange_model.hpp"

namespace kintsugi {

double least_exchange_rise(Evaluator& evaluator, const Blocks& blocks, const std::set<int>& open,
                           const MemoryBudget& memory) {
  constexpr std::size_t kLikeliest = 16;
  const std::size_t tiles = evaluator.rows().tiles();
  ExchangeModel model(evaluator, memory);
  std::vector<ExchangeModel::Exchange> all = model.exchanges(blocks, open, tiles);
  std::erase_if(all, [&](const ExchangeModel::Exchange& each) {
    const Block mixed{blocks[each.a].expand, blocks[each.b].compress};
    return evaluator.weights().are_equal(blocks[each.a], mixed) || !(each.change == each.change);
  });
  std::ranges::stable_sort(all, {}, &ExchangeModel::Exchange::change);
  all.resize(std::min(all.size(), kLikeliest));
  if (all.empty()) return std::numeric_limits<double>::infinity();
  std::vector<Blocks> orders{blocks};
  for (const ExchangeModel::Exchange& each : all) {
    orders.push_back(blocks);
    std::swap(orders.back()[each.a].compress, orders.back()[each.b].compress);
  }
  const std::vector<double> errors = evaluator.errors(blocks, orders, tiles);
  const double least = *std::min_element(errors.begin() + 1, errors.end());
  return (least / errors.front() - 1) * evaluator.entries(tiles);
}

}  // namespace kintsugi
