#include "objective/evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/shared_sample.hpp"

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

Evaluator::Evaluator(const mpi::Comm& island, const SharedWeights& weights, RowSource& rows, Grid grid, bool scaled)
    : island_(&island),
      weights_(&weights),
      grid_(grid),
      row_ranks_(island.split(island.rank() / grid.row_groups)),
      rows_(row_ranks_, rows, scaled),
      head_(weights.roles().outputs, weights.roles().width, false) {
  const Roles& roles = weights.roles();
  std::size_t widest = 0;
  for (const int piece : roles.expand) {
    const std::size_t hidden = weights.hidden(piece);
    const std::size_t inner = weights.inner(piece);
    BlockForm form = weights.form();
    form.gated = inner != hidden;
    kernels_.try_emplace({hidden, inner}, roles.width, hidden, weights.activation(), form);
    widest = std::max(widest, inner);
  }
  buffers_.base_state.resize(roles.width * kTileRows);
  buffers_.state.resize(roles.width * kTileRows);
  buffers_.residual.resize(roles.width * kTileRows);
  buffers_.hidden.resize(widest * kTileRows);
  buffers_.outputs.resize(roles.outputs * kTileRows);
  buffers_.normed.resize((roles.width + 1) * kTileRows);
}

std::int64_t Evaluator::to_evaluations(std::int64_t blocks) const noexcept {
  const auto depth = static_cast<std::int64_t>(std::max<std::size_t>(1, weights_->roles().expand.size()));
  return (blocks + depth - 1) / depth;
}

void Evaluator::advance(const Block& block, float* x) {
  kernel(block).residual(weights_->block(block), x, buffers_.residual.data(), buffers_.hidden.data());
  const std::size_t size = weights_->roles().width * kTileRows;
  const float* const r = buffers_.residual.data();
  for (std::size_t i = 0; i < size; ++i) x[i] += r[i];
}

void Evaluator::tile_outputs(const float* x, float* outputs) const {
  if (const BlockForm form = weights_->form().before_head(); form.norm != Norm::none) {
    kernels::normalise_tile(form, weights_->roles().width, x, buffers_.normed.data());
    x = buffers_.normed.data();
  }
  head_(x, weights_->head_weight(), outputs);
  const float* const bias = weights_->head_bias();
  for (std::size_t q = 0; q < weights_->roles().outputs; ++q) {
    for (std::size_t row = 0; row < kTileRows; ++row) outputs[q * kTileRows + row] += bias[q];
  }
}

void Evaluator::tile_errors(const RowTile& tile, const float* x, float* errors) const {
  tile_outputs(x, errors);
  for (std::size_t q = 0; q < weights_->roles().outputs; ++q) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::size_t i = q * kTileRows + row;
      errors[i] = row < tile.rows ? errors[i] - tile.predictions[i] : 0;
      if (tile.scales != nullptr) errors[i] *= tile.scales[i];
    }
  }
}

double Evaluator::squared_error(const RowTile& tile, const float* x) {
  tile_errors(tile, x, buffers_.outputs.data());
  double sum = 0;
  for (const float error : buffers_.outputs) {
    const double value = error;
    sum += value * value;
  }
  return sum;
}

void Evaluator::add_tile(const RowTile& tile, const Blocks& base, std::span<const Blocks> candidates,
                         std::span<const std::size_t> order, std::span<const std::size_t> shared,
                         mpi::ExactSums& sums) {
  const std::size_t size = weights_->roles().width * kTileRows;
  std::copy_n(tile.inputs, size, buffers_.base_state.begin());
  std::size_t at = 0;
  for (const std::size_t i : order) {
    if (stop_heard()) return;
    for (; at < shared[i]; ++at) advance(base[at], buffers_.base_state.data());
    std::copy_n(buffers_.base_state.begin(), size, buffers_.state.begin());
    for (std::size_t b = shared[i]; b < candidates[i].size(); ++b) advance(candidates[i][b], buffers_.state.data());
    sums.add(i, squared_error(tile, buffers_.state.data()));
  }
}

std::vector<std::size_t> Evaluator::count_candidates(const Blocks& base, std::span<const Blocks> candidates,
                                                     std::size_t tiles) {
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
  return shared;
}

std::vector<double> Evaluator::errors(const Blocks& base, std::span<const Blocks> candidates, std::size_t tiles) {
  const std::vector<std::size_t> shared = count_candidates(base, candidates, tiles);

  const auto groups = static_cast<std::size_t>(grid_.candidate_groups);
  std::vector<std::size_t> order;
  for (std::size_t i = candidate_group(); i < candidates.size(); i += groups) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shared[a] < shared[b]; });

  mpi::ExactSums sums(candidates.size());
  {
    const ScopedSeconds timing(clock_.kernels);
    for (const RowTile& tile : rows_.local()) {
      if (tile.index >= tiles) break;
      if (!order.empty()) add_tile(tile, base, candidates, order, shared, sums);
    }
  }
  return mean_squares(sums, tiles);
}

std::vector<double> Evaluator::mean_squares(mpi::ExactSums& sums, std::size_t tiles) {
  reduce(sums);
  std::vector<double> result(sums.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = sums.value(i) / entries(tiles);
  return result;
}

std::vector<double> Evaluator::errors(const Blocks& base, std::span<const Blocks> candidates,
                                      const SharedSample& sample) {
  (void)count_candidates(base, candidates, sample.tiles().size());
  mpi::ExactSums sums(candidates.size());
  {
    const ScopedSeconds timing(clock_.kernels);
    std::size_t item = 0;
    for (const RowTile& tile : sample.tiles()) {
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!sample.is_mine(item++) || stop_heard()) continue;
        std::copy_n(tile.inputs, buffers_.state.size(), buffers_.state.begin());
        for (const Block& block : candidates[i]) advance(block, buffers_.state.data());
        sums.add(i, squared_error(tile, buffers_.state.data()));
      }
    }
  }
  return mean_squares(sums, sample.tiles().size());
}

std::vector<float> Evaluator::own_differences(const Blocks& base, std::span<const Blocks> candidates,
                                              const SharedSample& sample) {
  (void)count_candidates(base, candidates, sample.tiles().size());
  // In an order where each has as many first blocks as can be in common with the one before.
  std::vector<const Blocks*> own;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (sample.is_mine(i)) own.push_back(&candidates[i]);
  }
  std::vector<std::size_t> visits(own.size());
  std::iota(visits.begin(), visits.end(), std::size_t{0});
  std::ranges::sort(visits, [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(*own[a], *own[b], {}, &Block::expand, &Block::expand);
  });

  const std::size_t outputs = weights_->roles().outputs;
  std::size_t rows = 0;
  for (const RowTile& tile : sample.tiles()) rows += tile.rows;
  std::vector<float> differences(own.size() * rows * outputs);
  const ScopedSeconds timing(clock_.kernels);
  const std::size_t size = buffers_.state.size();
  kernels::TileBuffer states((base.size() + 1) * size);
  std::size_t before = 0;  // rows of the tiles before
  for (const RowTile& tile : sample.tiles()) {
    std::copy_n(tile.inputs, size, states.begin());
    const Blocks* last = nullptr;
    for (const std::size_t n : visits) {
      if (stop_heard()) return differences;
      const Blocks& blocks = *own[n];
      std::size_t at = 0;
      if (last != nullptr) at = static_cast<std::size_t>(std::ranges::mismatch(blocks, *last).in1 - blocks.begin());
      for (; at < blocks.size(); ++at) {
        float* const x = states.data() + at * size;
        std::copy_n(x, size, x + size);
        advance(blocks[at], x + size);
      }
      last = &blocks;
      tile_errors(tile, states.data() + blocks.size() * size, buffers_.outputs.data());
      float* const to = differences.data() + (n * rows + before) * outputs;
      for (std::size_t q = 0; q < outputs; ++q)
        std::copy_n(buffers_.outputs.data() + q * kTileRows, tile.rows, to + q * tile.rows);
    }
    before += tile.rows;
  }
  return differences;
}

double Evaluator::error(const Blocks& blocks, std::size_t tiles) {
  return errors(blocks, std::span(&blocks, 1), tiles).front();
}

Evaluator::Best Evaluator::best_of(const Blocks& base, std::span<const Blocks> candidates, std::size_t tiles) {
  const std::vector<double> all = errors(base, candidates, tiles);
  const auto least = std::ranges::min_element(all);
  return {static_cast<std::size_t>(least - all.begin()), *least};
}

void Evaluator::reduce(mpi::ExactSums& sums) {
  const ScopedSeconds timing(clock_.collectives);
  sums.reduce_or_stop(*island_);
}

std::size_t Evaluator::candidate_group() const noexcept {
  return static_cast<std::size_t>(island_->rank() / grid_.row_groups);
}

std::vector<const RowTile*> Evaluator::own_tiles(std::size_t tiles) const {
  const auto groups = static_cast<std::size_t>(grid_.candidate_groups);
  std::vector<const RowTile*> own;
  const std::span<const RowTile> local = rows_.local();
  for (std::size_t i = candidate_group(); i < local.size() && local[i].index < tiles; i += groups)
    own.push_back(&local[i]);
  return own;
}

std::vector<int> Evaluator::tile_owners(std::size_t tiles) const {
  std::vector<std::int64_t> owners(tiles, 0);
  for (const RowTile* const tile : own_tiles(tiles)) owners[tile->index] = island_->rank();
  island_->max(owners);
  return {owners.begin(), owners.end()};
}

template <class Add>
void Evaluator::for_final_states(const Blocks& blocks, std::size_t tiles, const Add& add) {
  const ScopedSeconds timing(clock_.kernels);
  for (const RowTile* const tile : own_tiles(tiles)) {
    if (stop_heard()) return;
    std::copy_n(tile->inputs, buffers_.state.size(), buffers_.state.begin());
    for (const Block& block : blocks) advance(block, buffers_.state.data());
    add(*tile, buffers_.state.data());
  }
}

double Evaluator::recomputed_error(const Blocks& blocks, std::size_t tiles) {
  mpi::ExactSums sums(1);
  for_final_states(blocks, tiles, [&](const RowTile& tile, const float* x) { sums.add(0, squared_error(tile, x)); });
  sums.reduce_or_stop(*island_);
  return sums.value(0) / entries(tiles);
}

Evaluator::Check Evaluator::check(const Blocks& blocks) {
  mpi::ExactSums sums(2);
  double largest = 0;
  const double unit = rows_.unit();
  std::vector<float> outputs;
  outputs.reserve(own_tiles(rows_.tiles()).size() * buffers_.outputs.size());
  for_final_states(blocks, rows_.tiles(), [&](RowTile tile, const float* x) {
    tile_outputs(x, buffers_.outputs.data());
    outputs.insert(outputs.end(), buffers_.outputs.begin(), buffers_.outputs.end());
    sums.add(1, squared_error(tile, x));
    tile.scales = nullptr;
    tile_errors(tile, x, buffers_.outputs.data());
    double sum = 0;
    for (const float error : buffers_.outputs) {
      const double value = error;
      sum += value * value * unit * unit;
      largest = std::max(largest, std::isnan(value) ? HUGE_VAL : std::fabs(value));
    }
    sums.add(0, sum);
  });
  count_blocks(static_cast<std::int64_t>(blocks.size()), rows_.tiles());
  reduce(sums);
  const ScopedSeconds timing(clock_.collectives);
  island_->max(std::span(&largest, 1));
  const double count = entries(rows_.tiles());
  return {.mse = sums.value(0) / count / (unit * unit),
          .largest_error = largest,
          .scaled = sums.value(1) / count,
          .outputs = std::move(outputs)};
}

}  // namespace kintsugi
