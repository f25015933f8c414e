#include "search/archipelago.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kintsugi/core/error.hpp"
#include "objective/swap_changes.hpp"

namespace kintsugi {

namespace {

using Clock = std::chrono::steady_clock;

// Work of an island between two rounds, in evaluations of the whole network on its first sample; rounds between two
// exchanges.
constexpr std::int64_t kRoundEvaluations = 25;
constexpr std::int64_t kRoundsPerExchange = 2;
// Elites kept, and the share of all pairs of blocks that must stand in another order in two of them.
constexpr std::size_t kElites = 8;
constexpr double kEliteDistance = 0.01;
// Rows that the margins of a solved order are taken on.
constexpr std::size_t kMarginRows = 128;
// An island takes an order over after so many kicks in vain, if it is better by this share of its own error.
constexpr std::int64_t kStaleKicks = 3;
constexpr double kBetter = 0.02;

std::size_t count_tiles(const RowSource& rows) {
  return (rows.shape().rows + kernels::kTileRows - 1) / kernels::kTileRows;
}

// Groups of equal size: the most that there are islands for.
int count_groups(int ranks, int islands) {
  int groups = std::min(ranks, islands);
  while (ranks % groups != 0) --groups;
  return groups;
}

}  // namespace

Archipelago::Archipelago(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows,
                         const SearchOptions& options)
    : world_(&world),
      options_(&options),
      topology_(make_topology(options.topology)),
      groups_(count_groups(world.size(), options.islands)),
      group_(world.split(world.rank() / (world.size() / groups_))),
      evaluator_(group_, weights, rows,
                 choose_grid(group_.size(), options.candidate_groups, options.row_groups, count_tiles(rows))),
      model_(evaluator_, options.parameters.linear_model),
      pool_(kElites, DistanceRule(kEliteDistance)),
      begin_(Clock::now()) {}

void Archipelago::populate(const ErrorFloor& floor, const std::set<int>& doubtful) {
  floor_ = &floor;
  const int group = world_->rank() / (world_->size() / groups_);
  for (int i = group; i < options_->islands; i += groups_) {
    own_.emplace_back(i, evaluator_, model_, *options_, floor, doubtful);
  }
}

void Archipelago::begin(const std::vector<Candidate>& starts, std::size_t tiles) {
  begin_ = Clock::now();
  for (Island& island : own_) island.start(starts[static_cast<std::size_t>(island.number()) % starts.size()], tiles);
  // A lone island stops at any step; several stop at the end of a round, which all of them reach.
  if (options_->islands > 1) {
    round_work_ = kRoundEvaluations * static_cast<std::int64_t>(starts.front().blocks.size() * tiles);
  }
}

double Archipelago::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(Clock::now() - begin_).count();
}

Blocks Archipelago::search(Clock::time_point start, SearchObserver& observer, Solution& solution) {
  const WorkClock before = evaluator_.clock();
  solution.trajectory = earlier_;
  Verdict verdict;
  while (true) {
    collect_rows(solution, observer);
    solution.evaluations = total_evaluations();
    verdict = judge(start, observer, solution.evaluations);
    const bool resumable = verdict.status == Status::interrupted || verdict.status == Status::time_limit ||
                           verdict.status == Status::evaluations;
    if (verdict.checkpoint || resumable) {
      const SearchState now = state(solution);
      if (world_->root()) observer.on_checkpoint(now);
    }
    if (verdict.stop) break;
    for (Island& island : own_) island.advance(round_work_);
    ++rounds_;
    if (options_->islands == 1 || rounds_ % kRoundsPerExchange != 0) continue;
    const std::vector<Elite> bests = fill_pool();
    if (world_->root()) {
      const Consensus consensus = pool_.consensus();
      observer.on_exchange(
          {rounds_, pool_.elites().size(), pool_.elites().front().mse, consensus.order, consensus.pairs});
    }
    if (topology_) migrate(bests);
  }
  solution.status = verdict.status;
  if (options_->islands > 1) (void)fill_pool();
  solution.elites = pool_.elites();
  const Answer answer = choose_answer();
  solution.mse = answer.mse;
  solution.largest_error = answer.largest_error;
  ask_for_noise(answer.blocks, solution);
  find_margins(answer.blocks, solution);
  for (const Island& island : own_) solution.times.check += island.check_seconds();
  const double spent = std::chrono::duration<double>(Clock::now() - begin_).count();
  solution.times.search = spent - solution.times.check;
  solution.times.kernels = evaluator_.clock().kernels - before.kernels;
  solution.times.collectives = evaluator_.clock().collectives - before.collectives;
  return answer.blocks;
}

std::vector<std::vector<std::int64_t>> Archipelago::gather_islands(
    const std::function<void(Island&, StateWriter&)>& write) {
  std::vector<std::int64_t> packed;
  for (Island& island : own_) {
    StateWriter writer;
    write(island, writer);
    if (!group_.root()) continue;
    packed.insert(packed.end(), {island.number(), static_cast<std::int64_t>(writer.words().size())});
    packed.insert(packed.end(), writer.words().begin(), writer.words().end());
  }
  const std::vector<std::int64_t> all = world_->gather_all(packed);
  std::vector<std::vector<std::int64_t>> words(static_cast<std::size_t>(options_->islands));
  for (auto at = all.begin(); at != all.end();) {
    const auto island = static_cast<std::size_t>(*at++);
    const auto count = *at++;
    words[island].assign(at, at + count);
    at += count;
  }
  return words;
}

void Archipelago::collect_rows(Solution& solution, SearchObserver& observer) {
  const std::size_t known = solution.trajectory.size();
  const auto rows_of = [](Island& island, StateWriter& writer) {
    std::vector<std::int64_t> words;
    for (const TrajectoryEntry& row : island.take_entries()) append_words(row, words);
    for (const std::int64_t word : words) writer.put(word);
  };
  for (const std::vector<std::int64_t>& words : gather_islands(rows_of)) {
    for (std::size_t i = 0; i < words.size(); i += kTrajectoryWords) {
      solution.trajectory.push_back(trajectory_entry(&words[i]));
    }
  }
  const double now = seconds();
  for (std::size_t i = known; i < solution.trajectory.size(); ++i) {
    solution.trajectory[i].seconds = now;
    if (world_->root()) observer.on_step(solution.trajectory[i]);
  }
}

std::int64_t Archipelago::total_evaluations() const {
  std::int64_t total = 0;
  if (group_.root()) {
    for (const Island& island : own_) total += island.evaluations();
  }
  world_->sum(std::span(&total, 1));
  return total;
}

Archipelago::Verdict Archipelago::judge(Clock::time_point start, SearchObserver& observer, std::int64_t evaluations) {
  const bool late =
      options_->time_limit > 0 && std::chrono::duration<double>(Clock::now() - start).count() > options_->time_limit;
  // Only rank 0's clock counts: the others follow. A signal may have come to any of them.
  std::int64_t votes[] = {0, 0, 0, 0, 0, 0};
  for (const Island& island : own_) {
    if (island.solved()) votes[0] = 1;
    if (!island.finished()) votes[1] = 1;
    if (island.noise()) votes[5] = 1;
  }
  votes[2] = observer.stop_requested() ? 1 : 0;
  if (world_->root()) {
    votes[3] = late ? 1 : 0;
    votes[4] = observer.checkpoint_due() ? 1 : 0;
  }
  world_->max(votes);
  const bool checkpoint = votes[4] != 0;
  if (votes[0] != 0) return {true, false, Status::solved};
  // What one island has come to may be noise where another's order is better still.
  if (votes[5] != 0 && explained(choose_answer().blocks).noise) return {true, false, Status::noise};
  if (votes[2] != 0) return {true, checkpoint, Status::interrupted};
  if (votes[3] != 0) return {true, checkpoint, Status::time_limit};
  if (options_->max_evaluations > 0 && evaluations >= options_->max_evaluations) {
    return {true, checkpoint, Status::evaluations};
  }
  if (votes[1] == 0) return {true, false, Status::not_solved};
  return {false, checkpoint, Status::not_solved};
}

std::vector<Elite> Archipelago::fill_pool() {
  std::int64_t most = 0;
  for (const Island& island : own_) most = std::max(most, static_cast<std::int64_t>(island.best().tiles));
  world_->max(std::span(&most, 1));
  const auto tiles = static_cast<std::size_t>(most);
  if (tiles != pool_tiles_) pool_.clear();
  pool_tiles_ = tiles;
  const auto best_of = [&](Island& island, StateWriter& writer) {
    const Candidate& best = island.best();
    writer.put(best.blocks);
    writer.put(best.tiles == tiles ? best.mse : evaluator_.error(best.blocks, tiles));
  };
  std::vector<Elite> bests;
  for (const std::vector<std::int64_t>& words : gather_islands(best_of)) {
    StateReader reader(words);
    Elite best;
    reader.get(best.blocks);
    reader.get(best.mse);
    best.island = static_cast<std::int32_t>(bests.size());
    (void)pool_.offer(best);
    bests.push_back(std::move(best));
  }
  return bests;
}

void Archipelago::migrate(const std::vector<Elite>& bests) {
  const Replacement rule(kStaleKicks, kBetter);
  for (Island& island : own_) {
    std::vector<Blocks> migrants;
    for (const int source : topology_->sources(island.number(), options_->islands)) {
      const Blocks& order = bests[static_cast<std::size_t>(source)].blocks;
      if (order != island.best().blocks) migrants.push_back(order);
    }
    island.receive(migrants, rule);
    std::vector<Blocks> elites;
    for (const Elite& elite : pool_.elites()) {
      if (elite.blocks != island.best().blocks) elites.push_back(elite.blocks);
    }
    island.set_elites(elites);
  }
}

SearchState Archipelago::state(const Solution& solution) {
  SearchState now;
  now.islands = gather_islands([](Island& island, StateWriter& writer) { island.save(writer); });
  StateWriter shared;
  shared.put(rounds_);
  shared.put(round_work_);
  shared.put(static_cast<std::int64_t>(pool_tiles_));
  pool_.save(shared);
  now.shared = shared.words();
  now.trajectory = solution.trajectory;
  now.seconds = seconds();
  return now;
}

void Archipelago::resume(const SearchState* state) {
  begin_ = Clock::now();
  // Rank 0's words, to all.
  std::vector<std::int64_t> mine;
  if (world_->root()) {
    StateWriter writer;
    const auto put_words = [&](const std::vector<std::int64_t>& words) {
      writer.put(static_cast<std::int64_t>(words.size()));
      for (const std::int64_t word : words) writer.put(word);
    };
    writer.put(state->seconds);
    put_words(state->shared);
    writer.put(static_cast<std::int64_t>(state->islands.size()));
    for (const std::vector<std::int64_t>& words : state->islands) put_words(words);
    std::vector<std::int64_t> rows;
    for (const TrajectoryEntry& row : state->trajectory) append_words(row, rows);
    put_words(rows);
    mine = writer.words();
  }
  const std::vector<std::int64_t> all = world_->gather_all(mine);
  world_->agree([&] {
    StateReader reader(all);
    const auto get_words = [&] {
      std::vector<std::int64_t> words;
      for (auto left = reader.get<std::int64_t>(); left > 0; --left) words.push_back(reader.get<std::int64_t>());
      return words;
    };
    reader.get(earlier_seconds_);
    const std::vector<std::int64_t> shared = get_words();
    StateReader common(shared);
    common.get(rounds_);
    common.get(round_work_);
    pool_tiles_ = static_cast<std::size_t>(common.get<std::int64_t>());
    pool_.restore(common);
    std::vector<std::vector<std::int64_t>> islands(static_cast<std::size_t>(reader.get<std::int64_t>()));
    if (islands.size() != static_cast<std::size_t>(options_->islands)) {
      throw InputError("the state is of " + std::to_string(islands.size()) + " islands, the run has " +
                       std::to_string(options_->islands));
    }
    for (std::vector<std::int64_t>& words : islands) words = get_words();
    for (Island& island : own_) {
      StateReader words(islands[static_cast<std::size_t>(island.number())]);
      island.restore(words);
      if (!words.at_end()) throw InputError("the state of island " + std::to_string(island.number()) + " is too long");
    }
    const std::vector<std::int64_t> rows = get_words();
    for (std::size_t i = 0; i + kTrajectoryWords <= rows.size(); i += kTrajectoryWords) {
      earlier_.push_back(trajectory_entry(&rows[i]));
    }
  });
}

Archipelago::Answer Archipelago::choose_answer() {
  const auto write_best = [](Island& island, StateWriter& writer) {
    writer.put(island.final_check().mse);
    writer.put(island.final_check().largest_error);
    writer.put(island.best().blocks);
  };
  Answer answer;
  for (const std::vector<std::int64_t>& words : gather_islands(write_best)) {
    StateReader reader(words);
    const auto mse = reader.get<double>();
    if (!answer.blocks.empty() && !(mse < answer.mse)) continue;
    answer.mse = mse;
    reader.get(answer.largest_error);
    reader.get(answer.blocks);
  }
  return answer;
}

const ResidualTest& Archipelago::explained(const Blocks& blocks) {
  if (questioned_ != blocks) {
    questioned_ = blocks;
    explained_ = test_residuals(model_, blocks, options_->parameters.residual_test);
  }
  return explained_;
}

void Archipelago::ask_for_noise(const Blocks& blocks, Solution& solution) {
  if (solution.status == Status::solved || floor_->given() || blocks.empty()) return;
  const ResidualTest& found = explained(blocks);
  solution.explained = found.r_squared;
  solution.by_chance = found.threshold;
  // Where a limit or a signal has ended the search, it had not yet withstood enough for a verdict.
  if (solution.status == Status::not_solved && found.noise) solution.status = Status::noise;
}

void Archipelago::find_margins(const Blocks& blocks, Solution& solution) {
  const RowTiles& rows = evaluator_.rows();
  // At the true order every effect of a swap shows; elsewhere the error itself hides it, and rows help.
  const std::size_t tiles = solution.status == Status::solved ? rows.tiles_for(kMarginRows) : rows.tiles();
  if (blocks.size() < 2 || !model_.linearise(blocks, tiles, 1)) return;
  const double target = floor_->target(rows.shape().rows);
  for (const SwapChange& swap : swap_changes(model_)) {
    solution.margins.push_back({.position = static_cast<int>(solution.margins.size()),
                                .change = swap.change,
                                .standard_error = swap.standard_error,
                                .interchangeable = solution.mse + std::fabs(swap.change) <= target});
  }
}

}  // namespace kintsugi
