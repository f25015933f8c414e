#include "solve/starts.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/random.hpp"
#include "seeding/seriation.hpp"

namespace kintsugi {

namespace {

std::size_t start_tiles(const Evaluator& evaluator, const SolveOptions& options) {
  return evaluator.rows().tiles_for(static_cast<std::size_t>(options.parameters.preparation.start_rows));
}

// Every line in both directions, best first.
std::vector<StartOrder> rank_lines(Evaluator& evaluator, const Preparation& preparation, std::size_t tiles) {
  std::vector<StartOrder> starts;
  for (std::size_t i = 0; i < preparation.lines.size(); ++i) {
    std::string name(kSeriationStart);
    if (i > 0) name.append("-").append(std::to_string(i + 1));
    std::vector<int> order = preparation.lines[i];
    starts.push_back({name, 0, order});
    std::ranges::reverse(order);
    starts.push_back({name.append(kReversed), 0, std::move(order)});
  }
  rank_by_error(evaluator, preparation.pairing, tiles, starts);
  return starts;
}

}  // namespace

std::vector<std::string> solve_start_names() {
  std::vector<std::string> names = start_names();
  names.emplace_back(kSeriationStart);
  return names;
}

std::vector<StartOrder> rank_starts(Evaluator& evaluator, const Preparation& preparation, const SolveOptions& options) {
  const std::size_t tiles = start_tiles(evaluator, options);
  const Blocks& pairing = preparation.pairing;
  if (!preparation.lines.empty()) return rank_lines(evaluator, preparation, tiles);
  if (preparation.given.empty())
    return make_start_orders(evaluator, pairing, preparation.norms, options.start, options.seed, tiles);
  StartOrder given{"given", evaluator.error(preparation.given, tiles), {}};
  for (const Block& block : preparation.given) {
    given.order.push_back(static_cast<int>(std::ranges::find(pairing, block) - pairing.begin()));
  }
  return {given};
}

std::vector<ScoredOrder> island_starts(Evaluator& evaluator, const Preparation& preparation,
                                       const SolveOptions& options, const std::vector<StartOrder>& starts) {
  const std::size_t tiles = start_tiles(evaluator, options);
  std::vector<ScoredOrder> chosen;
  for (std::size_t i = 0; i < (starts.size() + 1) / 2; ++i) {
    chosen.push_back({blocks_in_order(preparation.pairing, starts[i].order), starts[i].mse, tiles});
  }
  if (options.start != "random") return chosen;
  for (int island = 1; island < options.islands; ++island) {
    Blocks blocks = preparation.pairing;
    Random(options.seed, static_cast<std::uint64_t>(island)).shuffle(std::span(blocks));
    const double mse = evaluator.error(blocks, tiles);
    chosen.push_back({std::move(blocks), mse, tiles});
  }
  return chosen;
}

}  // namespace kintsugi
