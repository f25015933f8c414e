#include "search/islands/answer.hpp"

#include <cmath>

#include "objective/swap_changes.hpp"
#include "search/islands/gather.hpp"

namespace kintsugi {

Answer choose_answer(const IslandGroup& group, std::vector<Island>& own) {
  const auto write_best = [](Island& island, StateArchive& archive) {
    Evaluator::Check check = island.final_check();
    Blocks blocks = island.best().blocks;
    archive(blocks, check.mse, check.largest_error);
  };
  Answer answer;
  for (const std::vector<std::int64_t>& words : gather_islands(group, own, write_best)) {
    Answer other;
    StateArchive archive(words);
    archive(other.blocks, other.mse, other.largest_error);
    if (answer.blocks.empty() || other.mse < answer.mse) answer = std::move(other);
  }
  return answer;
}

std::vector<Margin> swap_margins(IslandGroup& group, const Answer& answer, std::size_t tiles, const ErrorFloor& floor) {
  LinearModel& model = group.model();
  if (answer.blocks.size() < 2 || !model.linearise(answer.blocks, tiles, 1)) return {};
  const double target = floor.target(group.evaluator().rows().shape().rows);
  std::vector<Margin> margins;
  for (const SwapChange& swap : swap_changes(model)) {
    margins.push_back({.position = static_cast<int>(margins.size()),
                       .change = swap.change,
                       .standard_error = swap.standard_error,
                       .interchangeable = answer.mse + std::fabs(swap.change) <= target});
  }
  return margins;
}

}  // namespace kintsugi
