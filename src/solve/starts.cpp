#include "solve/starts.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/random.hpp"
#include "depth/seriation.hpp"

namespace kintsugi {

namespace {

std::size_t start_tiles(const Evaluator& evaluator, const SolveOptions& options) {
  return evaluator.rows().tiles_for(static_cast<std::size_t>(options.parameters.preparation.start_rows));
}

// Every line in both directions.
std::vector<StartOrder> line_starts(const Preparation& preparation) {
  std::vector<StartOrder> starts;
  for (std::size_t i = 0; i < preparation.lines.orders.size(); ++i) {
    std::string name(kSeriationStart);
    if (i > 0) name.append("-").append(std::to_string(i + 1));
    std::vector<int> order = preparation.lines.orders[i];
    starts.push_back({name, 0, order});
    std::ranges::reverse(order);
    starts.push_back({name.append(kReversed), 0, std::move(order)});
  }
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
  if (preparation.given.empty()) {
    const SharedSample sample(evaluator, tiles);
    std::vector<StartOrder> starts = line_starts(preparation);
    if (options.start == kSeriationStart) {
      rank_by_error(evaluator, pairing, sample, starts);
      return starts;
    }
    for (StartOrder& start :
         make_start_orders(evaluator, pairing, preparation.norms, options.start, options.seed, sample)) {
      if (std::ranges::find(starts, start.order, &StartOrder::order) == starts.end())
        starts.push_back(std::move(start));
    }
    rank_by_error(evaluator, pairing, sample, starts);
    return starts;
  }
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

namespace {

bool is_line(const StartOrder& start) { return start.name.starts_with(kSeriationStart); }

// Where the halves do not agree, the error may still say that a line is right.
bool trusts_lines(const Preparation& preparation, const SeriationParameters& parameters,
                  const std::vector<StartOrder>& starts) {
  if (preparation.lines.orders.empty()) return false;
  if (preparation.lines.trust.significance >= parameters.significance) return true;
  const auto other = std::ranges::find_if_not(starts, is_line);
  return other != starts.end() && starts.front().mse < parameters.clearly_better * other->mse;
}

}  // namespace

SearchClues search_clues(const Preparation& preparation, const SolveOptions& options,
                         const std::vector<StartOrder>& starts) {
  SearchClues clues{.untrusted = preparation.untrusted,
                    .likely = preparation.likely,
                    .lines = {},
                    .line_places = preparation.lines.trust.places};
  if (!trusts_lines(preparation, options.parameters.seriation, starts)) return clues;
  for (const std::vector<int>& line : preparation.lines.orders)
    clues.lines.push_back(blocks_in_order(preparation.pairing, line));
  return clues;
}

}  // namespace kintsugi
