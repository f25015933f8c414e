#include "search/rounds/projected_relocation.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "search/rounds/sorted_by.hpp"

namespace kintsugi {

namespace {

// The order where near pairs change sides whose coefficients are above `certain`.
Blocks flipped(const Blocks& order, const std::vector<std::array<double, 2>>& flips, double certain) {
  std::vector<std::size_t> positions(order.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (!(flips[p][i] > certain)) continue;
      ++positions[p];
      --positions[p + 1 + i];
    }
  }
  return sorted_by(order, [&](std::size_t p) { return positions[p]; });
}

}  // namespace

ProjectedRelocation::ProjectedRelocation(Evaluator& evaluator, Damping& damping, Random random,
                                         const Parameters& parameters)
    : evaluator_(&evaluator),
      adjusted_errors_(evaluator, parameters.adjusted_errors),
      damping_(&damping),
      random_(random),
      parameters_(parameters.projected_relocation),
      sweep_(evaluator, 1, parameters) {}

void ProjectedRelocation::begin(const ScoredOrder& from) {
  current_ = from;
  sweep_.place(from);
  progress_.length =
      progress_.length == 0 ? parameters_.first_length : std::min(2 * progress_.length, parameters_.max_length);
  // Descents lower the error at once, but lead away from what relocations have come to.
  const double adjusted = adjusted_error(from.blocks);
  if (!(base_.error <= adjusted) || !std::ranges::is_permutation(base_.blocks, from.blocks)) {
    base_ = {from.blocks, adjusted};
    record_ = adjusted;
  }
  progress_.cycle = 0;
  begin_cycle();
}

void ProjectedRelocation::begin_cycle() {
  sweep_.place(base_.blocks);
  sweep_.begin();
  sweep_best_.error = std::numeric_limits<double>::infinity();
  progress_.no_more_flips = false;
}

StepReport ProjectedRelocation::step() {
  if ((progress_.cycle + 1) % parameters_.sweep_every != 0) return relocate();
  if (progress_.refused >= parameters_.sweep_every - 1 && !progress_.no_more_flips) return flip();
  return sweep();
}

double ProjectedRelocation::adjusted_error(const Blocks& order) {
  const std::size_t tiles = evaluator_->rows().tiles_for(parameters_.judged_rows_per_block * order.size());
  return adjusted_errors_.solve(order, {}, tiles).present;
}

bool ProjectedRelocation::go_on_from(const AdjustedOrder& order) {
  const double gone = static_cast<double>(progress_.cycle) / static_cast<double>(progress_.length);
  if (!(order.error <= (1 + parameters_.accept_worse * (1 - gone)) * record_)) return false;
  base_ = order;
  record_ = std::min(record_, order.error);
  return true;
}

std::vector<int> ProjectedRelocation::draw_positions() {
  std::vector<int> positions(base_.blocks.size());
  std::iota(positions.begin(), positions.end(), 0);
  random_.shuffle(std::span(positions));
  if (!elites_.empty() && random_.below(parameters_.elite_every) == 0) {
    const Blocks& elite = elites_[random_.below(elites_.size())];
    std::stable_partition(positions.begin(), positions.end(), [&](int p) {
      return std::abs(position_of(base_.blocks[static_cast<std::size_t>(p)].expand, elite) - p) >= parameters_.nearest;
    });
  }
  const std::size_t affordable = std::max<std::size_t>(1, parameters_.max_tried / positions.size());
  positions.resize(std::clamp<std::size_t>(positions.size() / parameters_.tried_divisor, 1, affordable));
  return positions;
}

std::vector<Insertion> ProjectedRelocation::rank_moves() {
  const std::vector<int> from = draw_positions();
  const std::size_t blocks = base_.blocks.size();
  const std::size_t tiles = evaluator_->rows().tiles_for(parameters_.tried_rows_per_block * blocks);
  const AdjustedErrors::Result errors = adjusted_errors_.solve(base_.blocks, from, tiles);
  std::vector<Insertion> moves;
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (int to = 0; to < static_cast<int>(blocks); ++to) {
      if (std::abs(to - from[i]) < parameters_.nearest) continue;
      moves.push_back({from[i], to, errors.moved[i * blocks + static_cast<std::size_t>(to)] - errors.present});
    }
  }
  std::ranges::stable_sort(moves, {}, &Insertion::change);
  return moves;
}

StepReport ProjectedRelocation::relocate() {
  Blocks order = base_.blocks;
  std::set<int> moved;
  // The best move is made, and further ones that promise to lower the adjusted error.
  for (const Insertion& move : rank_moves()) {
    if (moved.size() == parameters_.max_moved || (!moved.empty() && !(move.change < 0))) break;
    const int expand = base_.blocks[static_cast<std::size_t>(move.from)].expand;
    if (moved.insert(expand).second) insert_in(order, position_of(expand, order), move.to);
  }
  const bool accepted = go_on_from({order, adjusted_error(order)});
  progress_.refused = accepted && !moved.empty() ? 0 : progress_.refused + 1;
  ++progress_.cycle;
  begin_cycle();
  return {.event = Event::relocation, .moves = accepted ? static_cast<std::int64_t>(moved.size()) : 0};
}

StepReport ProjectedRelocation::flip() {
  const std::size_t tiles = evaluator_->rows().tiles_for(parameters_.judged_rows_per_block * base_.blocks.size());
  const AdjustedErrors::Result errors = adjusted_errors_.solve(base_.blocks, {}, tiles);
  AdjustedOrder best{{}, base_.error};
  for (const double certain : {parameters_.flip_low, parameters_.flip_middle, parameters_.flip_high}) {
    const Blocks order = flipped(base_.blocks, errors.flips, certain);
    if (order == base_.blocks) break;
    if (const double adjusted = adjusted_error(order); adjusted < best.error) best = {order, adjusted};
  }
  progress_.no_more_flips = best.blocks.empty() || !go_on_from(best);
  sweep_.place(base_.blocks);
  return {.event = Event::gauss_newton, .moves = progress_.no_more_flips ? 0 : 1};
}

StepReport ProjectedRelocation::sweep() {
  StepReport report{.event = Event::gauss_newton, .moves = 1};
  const bool diverged = !sweep_.step(damping_->value());
  const double adjusted = adjusted_error(sweep_.blocks());
  if (adjusted < sweep_best_.error || sweep_.steps() == 1) sweep_best_ = {sweep_.blocks(), adjusted};
  if (sweep_.complete()) {
    go_on_from(sweep_best_);
    sweep_.lowest_into(current_);
    ++progress_.cycle;
    begin_cycle();
  }
  report.stuck = progress_.cycle >= progress_.length;
  if (report.stuck) damping_->update(diverged);
  return report;
}

void ProjectedRelocation::state(StateArchive& archive) {
  archive(random_, sweep_, current_, base_, record_, sweep_best_, progress_);
  const std::int64_t longest = std::max(parameters_.first_length, parameters_.max_length);
  archive.require(progress_.length >= 0 && progress_.length <= longest && progress_.cycle >= 0 &&
                  progress_.refused >= 0);
  if (current_.blocks.empty()) return;
  archive.require(progress_.length > 0 && !base_.blocks.empty() && !sweep_.blocks().empty());
  archive.require(sweep_.steps() == 0 || (!sweep_best_.blocks.empty() && !sweep_.complete()));
}

}  // namespace kintsugi
