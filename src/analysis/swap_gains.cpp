#include "analysis/swap_gains.hpp"

#include <utility>

namespace kintsugi {

namespace {

// Orders that are evaluated together: enough for hundreds of ranks, and little memory.
constexpr std::size_t kBatch = 4096;

}  // namespace

SwapGains exact_swap_gains(Evaluator& evaluator, const Blocks& blocks, std::size_t tiles) {
  const std::size_t n = blocks.size();
  SwapGains gains{evaluator.error(blocks, tiles), std::vector<double>(n * n, 0.0)};
  std::vector<Blocks> orders;
  std::vector<std::size_t> entries;
  const auto evaluate = [&] {
    const std::vector<double> errors = evaluator.errors(blocks, orders, tiles);
    for (std::size_t c = 0; c < errors.size(); ++c) gains.change[entries[c]] = errors[c] - gains.mse;
    orders.clear();
    entries.clear();
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      orders.push_back(blocks);
      std::swap(orders.back()[i], orders.back()[j]);
      entries.push_back(i * n + j);
      if (orders.size() == kBatch) evaluate();
    }
  }
  evaluate();
  return gains;
}

}  // namespace kintsugi
