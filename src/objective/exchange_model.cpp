#include "objective/exchange_model.hpp"

#include <algorithm>

namespace kintsugi {

namespace {

// Appends the exchanges within one group, and the shares that they are trades of.
void add_exchanges(const ShareGroups::Group& group, const Blocks& blocks, std::vector<ExchangeModel::Exchange>& all,
                   std::vector<ShareSlopes::Trade>& trades) {
  const std::size_t size = group.expand.size();
  std::vector<std::size_t> column(size);
  for (std::size_t i = 0; i < size; ++i) {
    const int compress = blocks[group.positions[i]].compress;
    column[i] = static_cast<std::size_t>(std::ranges::lower_bound(group.compress, compress) - group.compress.begin());
  }
  const auto share = [&](std::size_t i, std::size_t j) { return group.shares + i * size + column[j]; };
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i + 1; j < size; ++j) {
      const auto [a, b] = std::minmax(group.positions[i], group.positions[j]);
      all.push_back({a, b, 0});
      trades.push_back({{share(i, j), share(j, i)}, {share(i, i), share(j, j)}});
    }
  }
}

}  // namespace

std::vector<ExchangeModel::Exchange> ExchangeModel::exchanges(const Blocks& blocks, const std::set<int>& untrusted,
                                                              std::size_t tiles) {
  const ShareGroups groups(evaluator_->weights(), blocks, untrusted);
  std::vector<Exchange> all;
  if (groups.size() == 0) return all;
  std::vector<ShareSlopes::Trade> trades;
  for (const ShareGroups::Group& group : groups.groups()) add_exchanges(group, blocks, all, trades);
  const std::size_t used = std::min(tiles, slopes_.affordable_tiles(groups.size(), memory_.slopes));
  (void)slopes_.linearise(groups, layers_of(*evaluator_, blocks), used);
  const std::vector<double> changes = slopes_.trade_changes(trades);
  slopes_.clear();
  for (std::size_t i = 0; i < all.size(); ++i) all[i].change = changes[i] / evaluator_->entries(used);
  return all;
}

}  // namespace kintsugi
