#include "objective/evaluator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

using kernels::kTileRows;

Grid choose_grid(int ranks, int candidate_groups, int row_groups, std::size_t tiles) {
  Grid grid{candidate_groups, row_groups};
  if (grid.candidate_groups == 0 && grid.row_groups == 0) {
    // Rows first: every part of the search splits by rows, only batches of candidates split by candidates.
    grid.row_groups = ranks;
    while (static_cast<std::size_t>(grid.row_groups) > tiles || ranks % grid.row_groups != 0) --grid.row_groups;
    grid.candidate_groups = ranks / grid.row_groups;
  } else if (grid.candidate_groups == 0) {
    grid.candidate_groups = ranks / grid.row_groups;
  } else if (grid.row_groups == 0) {
    grid.row_groups = ranks / grid.candidate_groups;
  }
  if (grid.candidate_groups < 1 || grid.row_groups < 1 || grid.candidate_groups * grid.row_groups != ranks) {
    throw UsageError("a grid of " + std::to_string(candidate_groups) + " candidate groups x " +
                     std::to_string(row_groups) + " row groups does not use the " + std::to_string(ranks) +
                     " ranks of an island");
  }
  return grid;
}

Evaluator::Evaluator(const mpi::Comm& island, const SharedWeights& weights, RowSource& rows, Grid grid)
    : island_(&island),
      weights_(&weights),
      grid_(grid),
      row_ranks_(island.split(island.rank() / grid.row_groups)),
      rows_(row_ranks_, rows),
      head_(weights.roles().outputs, weights.roles().width, false) {
  const Roles& roles = weights.roles();
  std::size_t widest = 0;
  for (const int piece : roles.expand) {
    const std::size_t hidden = weights.hidden(piece);
    kernels_.try_emplace(hidden, roles.width, hidden, weights.activation());
    widest = std::max(widest, hidden);
  }
  base_state_.resize(roles.width * kTileRows);
  state_.resize(roles.width * kTileRows);
  residual_.resize(roles.width * kTileRows);
  hidden_.resize(widest * kTileRows);
  outputs_.resize(roles.outputs * kTileRows);
}

std::int64_t Evaluator::to_evaluations(std::int64_t blocks) const noexcept {
  const auto depth = static_cast<std::int64_t>(std::max<std::size_t>(1, weights_->roles().expand.size()));
  return (blocks + depth - 1) / depth;
}

void Evaluator::advance(const Block& block, float* x) {
  kernel(block).residual(weights_->block(block), x, residual_.data(), hidden_.data());
  const std::size_t size = weights_->roles().width * kTileRows;
  const float* const r = residual_.data();
  for (std::size_t i = 0; i < size; ++i) x[i] += r[i];
}

void Evaluator::tile_errors(const RowTile& tile, const float* x, float* errors) const {
  head_(x, weights_->head_weight(), errors);
  const float* const bias = weights_->head_bias();
  for (std::size_t q = 0; q < weights_->roles().outputs; ++q) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::size_t i = q * kTileRows + row;
      errors[i] = row < tile.rows ? errors[i] + bias[q] - tile.predictions[i] : 0;
    }
  }
}

double Evaluator::squared_error(const RowTile& tile, const float* x, double* largest) {
  tile_errors(tile, x, outputs_.data());
  double sum = 0;
  for (const float error : outputs_) {
    const double value = error;
    sum += value * value;
    if (largest != nullptr) *largest = std::max(*largest, std::isnan(value) ? HUGE_VAL : std::fabs(value));
  }
  return sum;
}

void Evaluator::add_tile(const RowTile& tile, const Blocks& base, std::span<const Blocks> candidates,
                         std::span<const std::size_t> order, std::span<const std::size_t> shared,
                         mpi::ExactSums& sums) {
  const std::size_t size = weights_->roles().width * kTileRows;
  std::copy_n(tile.inputs, size, base_state_.begin());
  std::size_t at = 0;
  for (const std::size_t i : order) {
    for (; at < shared[i]; ++at) advance(base[at], base_state_.data());
    std::copy_n(base_state_.begin(), size, state_.begin());
    for (std::size_t b = shared[i]; b < candidates[i].size(); ++b) advance(candidates[i][b], state_.data());
    sums.add(i, squared_error(tile, state_.data(), nullptr));
  }
}

std::vector<double> Evaluator::errors(const Blocks& base, std::span<const Blocks> candidates, std::size_t tiles) {
  // A candidate's error depends on its own blocks alone; shared starts only save work.
  std::vector<std::size_t> shared(candidates.size());
  std::int64_t blocks = 0;
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto differ = std::mismatch(base.begin(), base.end(), candidates[i].begin(), candidates[i].end()).first;
    shared[i] = static_cast<std::size_t>(differ - base.begin());
    blocks += static_cast<std::int64_t>(candidates[i].size() - shared[i]);
    longest = std::max(longest, static_cast<std::int64_t>(shared[i]));
  }
  count_blocks(blocks + longest, tiles);

  const auto groups = static_cast<std::size_t>(grid_.candidate_groups);
  const auto group = static_cast<std::size_t>(island_->rank() / grid_.row_groups);
  std::vector<std::size_t> order;
  for (std::size_t i = group; i < candidates.size(); i += groups) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shared[a] < shared[b]; });

  mpi::ExactSums sums(candidates.size());
  {
    const ScopedSeconds timing(clock_.kernels);
    for (const RowTile& tile : rows_.local()) {
      if (tile.index >= tiles) break;
      if (!order.empty()) add_tile(tile, base, candidates, order, shared, sums);
    }
  }
  const ScopedSeconds timing(clock_.collectives);
  sums.reduce(*island_);
  std::vector<double> result(candidates.size());
  const auto count = static_cast<double>(rows_.rows_in(tiles) * weights_->roles().outputs);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = sums.value(i) / count;
  return result;
}

double Evaluator::error(const Blocks& blocks, std::size_t tiles) {
  return errors(blocks, std::span(&blocks, 1), tiles).front();
}

std::vector<const RowTile*> Evaluator::own_tiles(std::size_t tiles) const {
  const auto groups = static_cast<std::size_t>(grid_.candidate_groups);
  const auto group = static_cast<std::size_t>(island_->rank() / grid_.row_groups);
  std::vector<const RowTile*> own;
  const std::span<const RowTile> local = rows_.local();
  for (std::size_t i = group; i < local.size() && local[i].index < tiles; i += groups) own.push_back(&local[i]);
  return own;
}

void Evaluator::add_squares(const Blocks& blocks, std::size_t tiles, mpi::ExactSums& sums, double* largest) {
  const ScopedSeconds timing(clock_.kernels);
  for (const RowTile* const tile : own_tiles(tiles)) {
    std::copy_n(tile->inputs, state_.size(), state_.begin());
    for (const Block& block : blocks) advance(block, state_.data());
    sums.add(0, squared_error(*tile, state_.data(), largest));
  }
}

double Evaluator::recomputed_error(const Blocks& blocks, std::size_t tiles) {
  mpi::ExactSums sums(1);
  add_squares(blocks, tiles, sums, nullptr);
  sums.reduce(*island_);
  return sums.value(0) / static_cast<double>(rows_.rows_in(tiles) * weights_->roles().outputs);
}

Evaluator::Check Evaluator::check(const Blocks& blocks) {
  mpi::ExactSums sums(1);
  double largest = 0;
  add_squares(blocks, rows_.tiles(), sums, &largest);
  count_blocks(static_cast<std::int64_t>(blocks.size()), rows_.tiles());
  const ScopedSeconds timing(clock_.collectives);
  sums.reduce(*island_);
  island_->max(std::span(&largest, 1));
  const auto count = static_cast<double>(rows_.shape().rows * weights_->roles().outputs);
  return {sums.value(0) / count, largest};
}

}  // namespace kintsugi
