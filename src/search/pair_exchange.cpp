#include "kintsugi/search/pair_exchange.hpp"

#include <algorithm>

#include "kintsugi/search/screened_batch.hpp"

namespace kintsugi {

namespace {

constexpr std::size_t kBatch = 32;

}  // namespace

std::vector<PairExchange::Exchange> PairExchange::exchanges() {
  const auto in_doubt = [&](const Block& block) { return doubtful_.contains(block.expand); };
  const auto hidden = [&](const Block& block) { return evaluator_->weights().hidden(block.expand); };
  std::vector<Exchange> all;
  for (std::size_t a = 0; a < current_.blocks.size(); ++a) {
    if (!in_doubt(current_.blocks[a])) continue;
    for (std::size_t b = a + 1; b < current_.blocks.size(); ++b) {
      if (in_doubt(current_.blocks[b]) && hidden(current_.blocks[a]) == hidden(current_.blocks[b]))
        all.push_back({a, b});
    }
  }
  random_.shuffle(std::span(all));
  return all;
}

StepReport PairExchange::step() {
  StepReport report;
  report.event = 'P';
  const std::vector<Exchange> all = exchanges();
  double looks = all.empty() ? 0 : screen_error(*evaluator_, current_);
  for (std::size_t begin = 0; begin < all.size(); begin += kBatch) {
    std::vector<Blocks> orders;
    for (std::size_t i = begin; i < std::min(all.size(), begin + kBatch); ++i) {
      orders.push_back(current_.blocks);
      std::swap(orders.back()[all[i].a].compress, orders.back()[all[i].b].compress);
    }
    if (!take_best(*evaluator_, current_, std::move(orders), looks)) continue;
    looks = screen_error(*evaluator_, current_);
    report.improved = true;
    ++report.moves;
  }
  report.stuck = !report.improved;
  return report;
}

void PairExchange::save(StateWriter& writer) const {
  current_.save(writer);
  writer.put(random_);
}

void PairExchange::restore(StateReader& reader) {
  current_.restore(reader);
  reader.get(random_);
}

}  // namespace kintsugi
