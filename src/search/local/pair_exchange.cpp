#include "search/local/pair_exchange.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/local/screened_batch.hpp"

namespace kintsugi {

StepReport PairExchange::step() {
  StepReport report;
  report.event = Event::pair_exchange;
  std::vector<ExchangeModel::Exchange> all = model_.exchanges(current_.blocks, untrusted_, current_.tiles);
  const auto rank = [](const ExchangeModel::Exchange& exchange) {
    return std::isfinite(exchange.change) ? exchange.change : std::numeric_limits<double>::infinity();
  };
  std::ranges::stable_sort(all, {}, rank);
  double screen_error = all.empty() ? 0 : batch_.screen_error(current_);
  // The first batch is tried even if all predictions are bad ones: they are of first order only.
  for (std::size_t begin = 0; begin < all.size() && (begin == 0 || all[begin].change < 0); begin += parameters_.batch) {
    std::vector<Blocks> orders;
    for (std::size_t i = begin; i < std::min(all.size(), begin + parameters_.batch); ++i) {
      orders.push_back(current_.blocks);
      std::swap(orders.back()[all[i].a].compress, orders.back()[all[i].b].compress);
    }
    if (!batch_.accept_best(current_, std::move(orders), screen_error)) continue;
    screen_error = batch_.screen_error(current_);
    report.improved = true;
    ++report.moves;
  }
  report.stuck = !report.improved;
  return report;
}

}  // namespace kintsugi
