#include "search/islands/answer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "objective/swap_changes.hpp"
#include "objective/swap_evidence.hpp"
#include "search/islands/gather.hpp"

namespace kintsugi {

Answer choose_answer(const IslandGroup& group, std::vector<Island>& own) {
  const auto write_best = [](Island& island, StateArchive& archive) {
    const Evaluator::Check& checked = island.final_check();
    double mse = checked.mse;
    double largest_error = checked.largest_error;
    double scaled = checked.scaled;
    RoundingVerdict verdict = island.verdict();
    bool solved = island.solved();
    Blocks blocks = island.best().blocks;
    archive(blocks, mse, largest_error, scaled, verdict.excess, verdict.explained, verdict.scaled, solved);
  };
  Answer answer;
  for (const std::vector<std::int64_t>& words : gather_islands(group, own, write_best)) {
    Answer other;
    StateArchive archive(words);
    archive(other.blocks, other.mse, other.largest_error, other.scaled, other.verdict.excess, other.verdict.explained,
            other.verdict.scaled, other.solved);
    const bool better = other.solved == answer.solved ? other.scaled < answer.scaled : other.solved;
    if (answer.blocks.empty() || better) answer = std::move(other);
  }
  answer.rows = group.rows();
  return answer;
}

Answer best_so_far(const IslandGroup& group, std::vector<Island>& own) {
  const auto write_best = [&](Island& island, StateArchive& archive) {
    const Evaluator::Check* const check = island.known_check();
    Blocks blocks = island.best().blocks;
    std::size_t rows = check != nullptr ? group.rows() : group.rows_in(island.best().tiles);
    double mse = check != nullptr ? check->mse : island.best().mse;
    double largest_error = check != nullptr ? check->largest_error : std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(mse)) {
      // Not evaluated on the sample yet.
      rows = 0;
      mse = std::numeric_limits<double>::quiet_NaN();
    }
    bool solved = island.solved();
    archive(blocks, rows, mse, largest_error, solved);
  };
  Answer answer;
  for (const std::vector<std::int64_t>& words : gather_islands(group, own, write_best)) {
    Answer other;
    StateArchive archive(words);
    archive(other.blocks, other.rows, other.mse, other.largest_error, other.solved);
    const auto rank = [](const Answer& a) { return std::tuple(!a.solved, -static_cast<double>(a.rows), a.mse); };
    if (answer.blocks.empty() || rank(other) < rank(answer)) answer = std::move(other);
  }
  return answer;
}

double margin_target(const Answer& answer, double target, double room) {
  return answer.verdict.scaled > 0 ? std::min(target, room * answer.verdict.scaled) : target;
}

std::vector<Margin> swap_margins(IslandGroup& group, const Answer& answer, std::size_t tiles, const ErrorFloor& floor,
                                 const IslandParameters& parameters) {
  LinearModel& model = group.model();
  const std::size_t rows = group.evaluator().rows().shape().rows;
  const double target = margin_target(answer, floor.scaled_target(rows), parameters.margin_room);
  if (answer.blocks.size() < 2 || !std::isfinite(answer.scaled) || !std::isfinite(target)) return {};
  if (!model.linearise_once(answer.blocks, tiles, 1)) return {};
  std::vector<Margin> margins;
  for (const SwapChange& swap : swap_changes(model)) {
    if (!std::isfinite(swap.change)) return {};
    // A swap that lowers the error is no evidence for the order that it has.
    // Finite differences see an effect of equal blocks, too.
    const std::size_t at = margins.size();
    const bool equal = group.evaluator().weights().are_equal(answer.blocks[at], answer.blocks[at + 1]);
    const bool open = swap.change <= 0 || answer.scaled + swap.change <= target;
    margins.push_back({.position = static_cast<int>(at),
                       .change = swap.change,
                       .standard_error = swap.standard_error,
                       .interchangeable = equal || !floor.rows_differ() || (answer.solved && open)});
  }
  return margins;
}

void mark_undecided(IslandGroup& group, const Answer& answer, Status status, const ErrorFloor& floor,
                    const IslandParameters& parameters, std::vector<Margin>& margins) {
  LinearModel& model = group.model();
  const std::size_t tiles = group.evaluator().rows().tiles();
  if (margins.empty() || !model.linearise_once(answer.blocks, tiles, 1)) return;
  const SwapEvidence evidence = swap_evidence(model, parameters.margin_pairs);
  double least = parameters.margin_deviations * parameters.margin_deviations * floor.rounding();
  // What the weights' rounding makes of the predictions may lie along a swap's effect, whole.
  if (status == Status::precision) {
    least = group.evaluator().entries(tiles) * floor.precision_target(group.evaluator(), answer.blocks);
  }
  const bool noisy = status == Status::noise;
  if (noisy) least = parameters.margin_odds * std::max(evidence.variance, answer.scaled);
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const double found = noisy ? evidence.rise[i] : evidence.squares[i];
    margins[i].interchangeable = margins[i].interchangeable || margins[i].change <= 0 || found <= least;
  }
}

}  // namespace kintsugi
