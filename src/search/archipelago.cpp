#include "kintsugi/search/archipelago.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kintsugi {

namespace {

using Clock = std::chrono::steady_clock;

// Work of an island between two rounds, in evaluations of the whole network on its first sample.
constexpr std::int64_t kRoundEvaluations = 25;

constexpr std::size_t kRowFields = 8;

void pack(const TrajectoryRow& row, std::vector<double>& packed) {
  packed.insert(packed.end(), {static_cast<double>(row.step), static_cast<double>(row.island),
                               static_cast<double>(row.event), static_cast<double>(row.rows), row.mse, row.best,
                               static_cast<double>(row.moves), static_cast<double>(row.evaluations)});
}

TrajectoryRow unpack(const double* fields) {
  TrajectoryRow row;
  row.step = static_cast<std::int64_t>(fields[0]);
  row.island = static_cast<std::int32_t>(fields[1]);
  row.event = static_cast<char>(fields[2]);
  row.rows = static_cast<std::int64_t>(fields[3]);
  row.mse = fields[4];
  row.best = fields[5];
  row.moves = static_cast<std::int64_t>(fields[6]);
  row.evaluations = static_cast<std::int64_t>(fields[7]);
  return row;
}

std::size_t count_tiles(const RowSource& rows) {
  return (rows.shape().rows + kernels::kTileRows - 1) / kernels::kTileRows;
}

}  // namespace

Archipelago::Archipelago(const mpi::Comm& world, const SharedWeights& weights, RowSource& rows,
                         const SolveOptions& options)
    : world_(&world),
      options_(&options),
      groups_(std::min(options.islands, world.size())),
      group_(world.split(world.rank() / (world.size() / groups_))),
      evaluator_(group_, weights, rows,
                 choose_grid(group_.size(), options.candidate_groups, options.row_groups, count_tiles(rows))),
      model_(evaluator_) {}

Blocks Archipelago::search(const std::vector<Candidate>& starts, std::size_t tiles, const std::set<int>& doubtful,
                           Clock::time_point begin, SolveObserver& observer, Solution& solution) {
  const int group = world_->rank() / (world_->size() / groups_);
  const Clock::time_point search_begin = Clock::now();
  for (int i = group; i < options_->islands; i += groups_) {
    Island& island = own_.emplace_back(i, evaluator_, model_, *options_, solution.target, doubtful);
    island.start(starts[static_cast<std::size_t>(i) % starts.size()], tiles);
  }
  // A lone island stops at any step; several stop at the end of a round, which all of them reach.
  const auto per_round = static_cast<std::int64_t>(starts.front().blocks.size() * tiles);
  const std::int64_t work = options_->islands == 1 ? 1 : kRoundEvaluations * per_round;
  Verdict verdict;
  while (true) {
    const std::size_t known = solution.trajectory.size();
    collect_rows(solution);
    const double seconds = std::chrono::duration<double>(Clock::now() - search_begin).count();
    for (std::size_t i = known; i < solution.trajectory.size(); ++i) {
      solution.trajectory[i].seconds = seconds;
      if (world_->root()) observer.on_row(solution.trajectory[i]);
    }
    solution.evaluations = total_evaluations();
    verdict = judge(begin, observer, solution.evaluations);
    if (verdict.stop) break;
    for (Island& island : own_) island.advance(work);
  }
  solution.status = verdict.status;
  Blocks best = choose_best(solution);
  for (const Island& island : own_) solution.times.check += island.check_seconds();
  solution.times.search = std::chrono::duration<double>(Clock::now() - search_begin).count() - solution.times.check;
  return best;
}

void Archipelago::collect_rows(Solution& solution) {
  std::vector<double> packed;
  for (Island& island : own_) {
    for (const TrajectoryRow& row : island.take_rows()) {
      if (group_.root()) pack(row, packed);
    }
  }
  std::vector<double> all = world_->gather(packed);
  std::uint64_t size = all.size();
  world_->broadcast(std::span(&size, 1));
  all.resize(size);
  world_->broadcast(std::span(all));
  const auto old = static_cast<std::ptrdiff_t>(solution.trajectory.size());
  for (std::size_t i = 0; i < all.size(); i += kRowFields) solution.trajectory.push_back(unpack(&all[i]));
  std::stable_sort(solution.trajectory.begin() + old, solution.trajectory.end(),
                   [](const TrajectoryRow& a, const TrajectoryRow& b) { return a.island < b.island; });
}

std::int64_t Archipelago::total_evaluations() const {
  std::int64_t total = 0;
  if (group_.root()) {
    for (const Island& island : own_) total += island.evaluations();
  }
  world_->sum(std::span(&total, 1));
  return total;
}

Archipelago::Verdict Archipelago::judge(Clock::time_point begin, SolveObserver& observer,
                                        std::int64_t evaluations) const {
  const bool late =
      options_->time_limit > 0 && std::chrono::duration<double>(Clock::now() - begin).count() > options_->time_limit;
  // Only rank 0's clock and observer count: the others follow.
  std::int64_t votes[] = {0, 0, 0, 0};
  for (const Island& island : own_) {
    if (island.solved()) votes[0] = 1;
    if (!island.finished()) votes[1] = 1;
  }
  if (world_->root()) {
    votes[2] = observer.stop_requested() ? 1 : 0;
    votes[3] = late ? 1 : 0;
  }
  world_->max(votes);
  if (votes[0] != 0) return {true, Status::solved};
  if (votes[2] != 0) return {true, Status::interrupted};
  if (votes[3] != 0) return {true, Status::time_limit};
  if (options_->max_evaluations > 0 && evaluations >= options_->max_evaluations) return {true, Status::evaluations};
  if (votes[1] == 0) return {true, Status::not_solved};
  return {};
}

Blocks Archipelago::choose_best(Solution& solution) {
  // By error on all rows; the lowest number of equals.
  std::vector<double> negated(static_cast<std::size_t>(options_->islands), -std::numeric_limits<double>::infinity());
  for (Island& island : own_) negated[static_cast<std::size_t>(island.number())] = -island.final_check().mse;
  world_->max(negated);
  const int winner = static_cast<int>(std::max_element(negated.begin(), negated.end()) - negated.begin());
  std::vector<int> flat;
  double figures[] = {0, 0};
  for (Island& island : own_) {
    if (island.number() != winner) continue;
    for (const Block& block : island.best().blocks) flat.insert(flat.end(), {block.expand, block.compress});
    figures[0] = island.final_check().mse;
    figures[1] = island.final_check().largest_error;
  }
  const int owner = winner % groups_ * (world_->size() / groups_);
  world_->broadcast(flat, owner);
  world_->broadcast(std::span(figures), owner);
  solution.mse = figures[0];
  solution.largest_error = figures[1];
  Blocks blocks;
  for (std::size_t i = 0; i < flat.size(); i += 2) blocks.push_back({flat[i], flat[i + 1]});
  return blocks;
}

}  // namespace kintsugi
