#include "search/islands/archipelago.hpp"

#include <algorithm>

#include "core/precision_rule.hpp"
#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "search/islands/gather.hpp"
#include "search/islands/polish.hpp"
#include "search/islands/ties.hpp"

namespace kintsugi {

namespace {

/// For the final checks of a search that is stopped.
constexpr double kSecondsForChecks = 0.5;

Status status_of(StopReason reason) { return reason == StopReason::time ? Status::time_limit : Status::interrupted; }

}  // namespace

Archipelago::Archipelago(IslandGroup& group, const ErrorFloor& floor, const SearchClues& clues,
                         const SearchOptions& options)
    : group_(&group),
      options_(&options),
      floor_(&floor),
      exchange_(group, options),
      noise_(group.model(), floor, options.parameters.residual_test, clues.untrusted, memory_budget(options.memory)) {
  for (const int number : group.own()) {
    own_.emplace_back(options.search,
                      SearchContext{group.evaluator(), group.model(), options.parameters, memory_budget(options.memory),
                                    options.seed, number, clues},
                      floor);
  }
}

void Archipelago::begin(const std::vector<ScoredOrder>& starts, std::size_t tiles) {
  since_begin_.restart();
  for (Island& island : own_) island.begin(starts[static_cast<std::size_t>(island.number()) % starts.size()], tiles);
  // A lone island stops at any step; several stop at the end of a round, which all of them reach.
  if (options_->islands > 1) {
    progress_.round_work =
        options_->parameters.island.round_evaluations * static_cast<std::int64_t>(starts.front().blocks.size() * tiles);
  }
}

double Archipelago::seconds() const { return earlier_seconds_ + since_begin_.seconds(); }

Blocks Archipelago::search(SearchObserver& observer, Solution& solution) {
  const WorkClock before = group_->evaluator().clock();
  run(observer, solution);
  Answer answer;
  try {
    if (solution.status == Status::interrupted || solution.status == Status::time_limit) {
      hand_out_order(solution.status, observer);
      if (stop_reason() != StopReason::none) be_quiet_about_stop(kSecondsForChecks);
    }
    conclude(solution, answer);
  } catch (const Stopped& stop) {
    if (answer.rows == 0) answer = best_so_far(*group_, own_);
    solution.mse = answer.mse;
    solution.rows = answer.rows;
    solution.largest_error = answer.largest_error;
    // What is missing are margins, the word on noise, or checks of other orders than a solved one.
    if (!answer.solved && solution.status != Status::noise) solution.status = status_of(stop.reason());
  }
  for (const Island& island : own_) solution.times.check += island.check_seconds();
  solution.times.search = since_begin_.seconds() - solution.times.check;
  solution.times.kernels = group_->evaluator().clock().kernels - before.kernels;
  solution.times.collectives = group_->evaluator().clock().collectives - before.collectives;
  return std::move(answer.blocks);
}

void Archipelago::run(SearchObserver& observer, Solution& solution) {
  solution.trajectory = earlier_;
  try {
    run_steps(observer, solution);
  } catch (const Stopped& stop) {
    solution.status = status_of(stop.reason());
    collect_entries(solution, observer);
    solution.evaluations = total_evaluations();
    hand_out_state(solution, observer);
  }
}

void Archipelago::run_steps(SearchObserver& observer, Solution& solution) {
  while (true) {
    collect_entries(solution, observer);
    solution.evaluations = total_evaluations();
    keep(solution);
    const StopDecision decision = stop_decision(observer, solution.evaluations);
    if (decision.checkpoint) hand_out_state(solution, observer);
    if (decision.order) hand_out_order(Status::unfinished, observer);
    solution.status = decision.status;
    if (decision.stop) return;
    group_->together([&] {
      for (Island& island : own_) island.advance(progress_.round_work);
    });
    if (++progress_.rounds % options_->parameters.island.rounds_per_exchange == 0) exchange_orders(observer);
  }
}

void Archipelago::exchange_orders(SearchObserver& observer) {
  if (options_->islands == 1) return;
  exchange_.fill_pool(own_);
  if (group_->world().root()) observer.on_exchange(exchange_.report(progress_.rounds));
  group_->together([&] { exchange_.migrate(own_); });
}

void Archipelago::collect_entries(Solution& solution, SearchObserver& observer) {
  const std::size_t known = solution.trajectory.size();
  const auto write_entries = [](Island& island, StateArchive& archive) {
    std::vector<TrajectoryEntry> entries = island.take_entries();
    archive(entries);
  };
  for (const std::vector<std::int64_t>& words : gather_islands(*group_, own_, write_entries)) {
    std::vector<TrajectoryEntry> entries;
    StateArchive archive(words);
    archive(entries);
    solution.trajectory.insert(solution.trajectory.end(), entries.begin(), entries.end());
  }
  const double now = seconds();
  for (std::size_t i = known; i < solution.trajectory.size(); ++i) {
    solution.trajectory[i].seconds = now;
    if (group_->world().root()) observer.on_step(solution.trajectory[i]);
  }
}

std::int64_t Archipelago::total_evaluations() const {
  std::int64_t total = 0;
  if (group_->root()) {
    for (const Island& island : own_) total += island.evaluations();
  }
  group_->world().sum(std::span(&total, 1));
  return total;
}

StopDecision Archipelago::stop_decision(SearchObserver& observer, std::int64_t evaluations) {
  const StopReason heard = stop_reason();
  StopVotes own{.stop_requested = observer.stop_requested() || heard == StopReason::signal,
                .late = heard == StopReason::time};
  for (const Island& island : own_) {
    own.solved = own.solved || island.solved();
    own.noise = own.noise || island.noise();
    own.searching = own.searching || !island.finished();
  }
  if (group_->world().root()) {
    own.checkpoint_due = observer.checkpoint_due();
    own.order_due = observer.order_due();
  }
  StopVotes votes = agree_on(group_->world(), own);
  // What one island has come to may be noise where another's order is better still.
  if (votes.noise && !votes.solved) {
    const Blocks best = choose_answer(*group_, own_).blocks;
    group_->together([&] { (void)noise_.ask(best); });
    votes.noise = noise_.found_floor(best);
  }
  return decide(votes, evaluations, *options_);
}

void Archipelago::keep(const Solution& solution) {
  const auto words_of = [](auto&... parts) {
    StateArchive archive;
    archive(parts...);
    return archive.words();
  };
  kept_.islands.clear();
  for (Island& island : own_) kept_.islands.push_back(words_of(island));
  kept_.shared = words_of(progress_, exchange_);
  kept_.entries = solution.trajectory.size();
  kept_.seconds = seconds();
}

void Archipelago::hand_out_state(const Solution& solution, SearchObserver& observer) {
  std::size_t next = 0;
  const auto write_kept = [&](Island&, StateArchive& archive) { archive(kept_.islands[next++]); };
  SearchState state{.islands = {}, .shared = kept_.shared, .trajectory = solution.trajectory, .seconds = kept_.seconds};
  state.trajectory.resize(kept_.entries);
  for (const std::vector<std::int64_t>& words : gather_islands(*group_, own_, write_kept)) {
    StateArchive archive(words);
    archive(state.islands.emplace_back());
  }
  if (group_->world().root()) observer.on_checkpoint(state);
}

void Archipelago::hand_out_order(Status status, SearchObserver& observer) {
  Answer best = best_so_far(*group_, own_);
  if (group_->world().root()) observer.on_order({std::move(best.blocks), best.mse, best.rows, status});
}

namespace {

/// Whether each block has pieces that fit, each piece of its role once.
bool is_order_of(const SharedWeights& weights, const Blocks& blocks) {
  const Roles& roles = weights.roles();
  std::vector<int> expand;
  std::vector<int> compress;
  for (const Block& block : blocks) {
    expand.push_back(block.expand);
    compress.push_back(block.compress);
  }
  std::ranges::sort(expand);
  std::ranges::sort(compress);
  return expand == roles.expand && compress == roles.compress && std::ranges::all_of(blocks, [&](const Block& block) {
           return weights.hidden(block.expand) == weights.hidden(block.compress);
         });
}

}  // namespace

void Archipelago::resume(const SearchState* state) {
  since_begin_.restart();
  // Rank 0's words, to all.
  StateArchive mine;
  if (group_->world().root()) {
    SearchState copy = *state;
    mine(copy);
  }
  const std::vector<std::int64_t> words = group_->world().gather_all(mine.words());
  group_->world().agree([&] {
    SearchState all;
    StateArchive archive(words);
    archive(all);
    if (all.islands.size() != static_cast<std::size_t>(options_->islands)) {
      throw InputError("the state is of " + std::to_string(all.islands.size()) + " islands, the run has " +
                       std::to_string(options_->islands));
    }
    earlier_seconds_ = all.seconds;
    earlier_ = std::move(all.trajectory);
    const Evaluator& evaluator = group_->evaluator();
    const auto is_order = [&](const Blocks& blocks) { return is_order_of(evaluator.weights(), blocks); };
    StateArchive shared(all.shared);
    shared.limit(is_order, evaluator.rows().tiles());
    shared(progress_, exchange_);
    for (Island& island : own_) {
      StateArchive one(all.islands[static_cast<std::size_t>(island.number())]);
      one.limit(is_order, evaluator.rows().tiles());
      one(island);
      if (!one.at_end()) throw InputError("the state of island " + std::to_string(island.number()) + " is too long");
    }
  });
}

void Archipelago::judge(Answer& answer, Solution& solution) const {
  answer.solved = floor_->is_solved(answer.mse, answer.verdict);
  solution.excess = answer.verdict.excess;
  if (answer.solved) {
    solution.status = Status::solved;
    solution.target = std::max(solution.target, answer.mse);
  } else if (!floor_->given() && answer.mse <= solution.target) {
    // Each prediction has a bound of its own, which may be below what their spread as a whole allows.
    solution.target = std::min(solution.target, answer.verdict.explained);
  }
}

bool Archipelago::is_precise(const Answer& answer) {
  PrecisionErrors errors{.plain = answer.mse, .scaled = answer.scaled};
  group_->together([&] {
    const Evaluator& evaluator = group_->evaluator();
    errors.plain_target = errors.scaled_target = floor_->precision_target(evaluator, answer.blocks);
    if (evaluator.rows().scales().any())
      errors.plain_target = floor_->precision_target(evaluator, answer.blocks, false);
  });
  return errors.explained();
}

void Archipelago::conclude(Solution& solution, Answer& answer) {
  if (options_->islands > 1) exchange_.fill_pool(own_);
  solution.elites = exchange_.elites();
  answer = choose_answer(*group_, own_);
  solution.mse = answer.mse;
  solution.rows = answer.rows;
  solution.largest_error = answer.largest_error;
  judge(answer, solution);
  if (answer.solved && !floor_->given()) polish_answer(answer, solution);
  if (solution.status != Status::solved && !answer.blocks.empty()) {
    group_->together([&] { (void)noise_.ask(answer.blocks); });
    const ResidualTest& found = noise_.found();
    solution.explained = found.r_squared;
    solution.by_chance = found.threshold;
    // Where a limit or a signal has ended the search, it had not yet withstood enough for a verdict.
    const bool may_say = solution.status == Status::not_solved || solution.status == Status::noise;
    if (may_say) solution.status = found.noise ? Status::noise : Status::not_solved;
    // This is no guess, and `verify` says so of the order, however the search has ended.
    if (is_precise(answer)) solution.status = Status::precision;
  }
  group_->together([&] { find_margins(solution, answer); });
  const auto open = static_cast<std::size_t>(std::ranges::count_if(solution.margins, &Margin::interchangeable));
  if (answer.solved && !floor_->given() && 2 * open > solution.margins.size()) solution.status = Status::reproduced;
  group_->together([&] { name_ties(solution, answer); });
}

void Archipelago::polish_answer(Answer& answer, Solution& solution) {
  group_->together([&] { polish(*group_, *floor_, options_->parameters, solution.evaluations, answer); });
  solution.mse = answer.mse;
  solution.largest_error = answer.largest_error;
  judge(answer, solution);
}

void Archipelago::find_margins(Solution& solution, const Answer& answer) {
  // At the true order every effect of a swap shows; elsewhere the error itself hides it, and rows help.
  const RowTiles& rows = group_->evaluator().rows();
  const IslandParameters& parameters = options_->parameters.island;
  const bool exact = solution.status == Status::solved && floor_->rounding() == 0;
  const std::size_t few = rows.tiles_for(static_cast<std::size_t>(parameters.margin_rows));
  const std::size_t tiles = solution.status == Status::solved ? few : rows.tiles();
  std::vector<Margin> margins = swap_margins(*group_, answer, tiles, *floor_, parameters);
  const bool at_floor = solution.status == Status::noise || solution.status == Status::precision;
  if (((answer.solved && !exact) || at_floor) && !floor_->given()) {
    mark_undecided(*group_, answer, solution.status, *floor_, parameters, margins);
  }
  // In units in which the target is the one that is told.
  if (rows.scales().any()) {
    const double factor = floor_->target(rows.shape().rows) / floor_->scaled_target(rows.shape().rows);
    for (Margin& margin : margins) {
      margin.change *= factor;
      margin.standard_error *= factor;
    }
  }
  solution.margins = std::move(margins);
}

void Archipelago::name_ties(Solution& solution, const Answer& answer) {
  const bool at_floor = solution.status == Status::noise || solution.status == Status::precision;
  if (floor_->given() || solution.margins.empty() || !(answer.solved || at_floor)) return;
  // As much work as the search was worth, more or less.
  const std::int64_t most = options_->parameters.island.tie_trials;
  const auto least = std::min(most, static_cast<std::int64_t>(4 * answer.blocks.size()));
  const auto trials = static_cast<std::size_t>(std::clamp(solution.evaluations / 4, least, most));
  solution.ties = find_ties(*group_, answer, solution.status, *floor_, options_->parameters, trials);
  mark_tied(solution.ties, solution.margins);
}

}  // namespace kintsugi
