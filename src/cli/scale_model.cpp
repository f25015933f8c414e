#include "cli/scale_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/aligned.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/parameters.hpp"
#include "mpi/exact_sums.hpp"
#include "objective/linear_model.hpp"
#include "pairing/layout.hpp"

namespace kintsugi::cli {

using kernels::kTileRows;

namespace {

constexpr double kFloat = sizeof(float);
constexpr double kInteger = 8;
constexpr double kSumBytes = mpi::ExactSums::kWords * kInteger;
constexpr double kStopBytes = kInteger;  // every all-reduce of sums also asks whether to stop
constexpr std::size_t kStarts = 8;       // four orders and their reverses
// Tables of L^2 doubles while rank 0 pairs: statistics, scores, what the assignment and the tests of trust copy.
constexpr double kPairingTables = 12;
// What pairing reaches of the block kernels' rate: it packs slabs, and forms Gram matrices a few rows at a time.
// Measured.
constexpr double kPairingEfficiency = 0.4;

double tiles_of(std::size_t rows) { return static_cast<double>((rows + kTileRows - 1) / kTileRows); }

double padded(double floats) {
  constexpr auto kAlign = static_cast<double>(kernels::kAlignedFloats);
  return std::ceil(floats / kAlign) * kAlign;
}

struct Sizes {
  explicit Sizes(const ScaleShape& s)
      : blocks(static_cast<double>(s.blocks)),
        width(static_cast<double>(s.width)),
        hidden(static_cast<double>(s.hidden)),
        outputs(static_cast<double>(s.outputs)),
        rows(static_cast<double>(s.rows)),
        channels(static_cast<double>(std::min(s.outputs, ForwardBackward::kMostChannels))),
        block_flops(4 * width * hidden) {}
  double blocks, width, hidden, outputs, rows, channels;
  double block_flops;  // of one row
};

/// Tiles that the first-order model is of: effects are kept within a bound.
std::size_t model_rows(const ScaleShape& shape) {
  const Sizes n(shape);
  const double tile = n.channels * n.blocks * n.blocks * kTileRows * kFloat;
  const double most = std::max(1.0, std::floor(static_cast<double>(MemoryBudget{}.effects) / tile));
  return static_cast<std::size_t>(std::min(tiles_of(std::min(shape.sample_rows, shape.rows)), most)) * kTileRows;
}

/// Rows times channels of annealing's table, which is kept within a bound, too; the same on every rank.
double table_entries(const ScaleShape& shape) {
  const Sizes n(shape);
  const double pairs = n.blocks * (n.blocks - 1) / 2;
  const double slot = n.channels * kTileRows;
  const double most = std::max(1.0, std::floor(static_cast<double>(MemoryBudget{}.table) / (pairs * slot * kFloat)));
  return slot * std::min(tiles_of(model_rows(shape)), most);
}

PhaseCost annealing_cost(const ScaleShape& shape) {
  const Sizes n(shape);
  const double entries = table_entries(shape);
  // Of a window that reaches r positions to both sides, cut off at the ends; the logarithm of r is uniform.
  const double logarithm = std::log(std::max(2.0, n.blocks));
  const double passes = 2 * (n.blocks - 1) / logarithm - (n.blocks * n.blocks - 1) / (2 * n.blocks * logarithm);
  const double work = static_cast<double>(AnnealingParameters().moves_per_block) * n.blocks * passes * entries;
  PhaseCost cost{.name = "annealing"};
  cost.screen_flops = 5 * work;
  cost.streamed = kFloat * work;
  const double table = kFloat * entries * (1 + n.blocks * (n.blocks - 1) / 2);
  cost.collectives = 1 + entries / (n.channels * kTileRows);
  cost.collective_bytes = table / 2;  // a broadcast moves them once
  return cost;
}

PhaseCost pairing_cost(const Sizes& n) {
  PhaseCost cost{.name = "pairing"};
  cost.product_flops = n.blocks * n.blocks * (2 * n.hidden * n.width + n.hidden * n.hidden) +
                       2 * n.blocks * n.hidden * n.hidden * n.width;
  cost.efficiency = kPairingEfficiency;
  return cost;
}

/// The larger share of `items` among `ranks`.
std::size_t share(std::size_t items, std::size_t ranks) { return (items + ranks - 1) / ranks; }

PhaseCost seeding_cost(const ScaleShape& shape) {
  const Sizes n(shape);
  const std::size_t tiles =
      busiest_tiles(std::min(static_cast<std::size_t>(PreparationParameters().start_rows), shape.rows), 1);
  const std::size_t half = std::max<std::size_t>(1, tiles / 2);
  double evaluated = static_cast<double>(share(tiles * shape.blocks, shape.ranks));
  evaluated += static_cast<double>(share(tiles * kStarts, shape.ranks)) * n.blocks;
  for (std::size_t left = 1; left <= shape.blocks; ++left) {
    evaluated += static_cast<double>(share(half * left, shape.ranks) + half);
  }
  PhaseCost cost{.name = "seeding"};
  cost.product_flops = n.block_flops * kTileRows * evaluated;
  cost.collectives = n.blocks + 7 + static_cast<double>(tiles);
  cost.collective_bytes = kSumBytes * (n.blocks * n.blocks / 2 + n.blocks + kStarts) +
                          static_cast<double>(tiles * kTileRows) * kFloat * (n.width + n.outputs) / 2;
  return cost;
}

}  // namespace

std::size_t busiest_tiles(std::size_t rows, std::size_t ranks) {
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  return (tiles + ranks - 1) / ranks;
}

std::vector<PhaseCost> model_phases(const ScaleShape& shape) {
  const Sizes n(shape);
  const double pairs = n.blocks * n.blocks;
  const double moves = n.blocks * (2 * n.blocks - 1);
  const auto rows_of = [&](std::size_t rows) {
    return static_cast<double>(busiest_tiles(std::min(rows, shape.rows), shape.ranks) * kTileRows);
  };
  const double model = rows_of(model_rows(shape));
  const double sample = rows_of(shape.sample_rows);
  const double all = rows_of(shape.rows);

  PhaseCost linearise{.name = "linearise"};
  linearise.product_flops = model * n.block_flops * n.blocks * (1 + n.channels);
  linearise.effect_flops = model * 2 * n.width * pairs * n.channels;
  linearise.collectives = 2;
  linearise.collective_bytes = 2 * (kSumBytes + kStopBytes);
  PhaseCost screen{.name = "screen"};
  screen.screen_flops = model * 5 * pairs * n.channels;
  screen.streamed = model * kFloat * pairs * n.channels;
  screen.collectives = 1;
  screen.collective_bytes = moves * kInteger + kStopBytes;
  PhaseCost evaluation{.name = "evaluation"};
  evaluation.product_flops = sample * n.block_flops * n.blocks;
  evaluation.collectives = 1;
  evaluation.collective_bytes = kSumBytes + kStopBytes;
  PhaseCost check{.name = "check"};
  check.product_flops = all * n.block_flops * n.blocks;
  check.collectives = 2;
  check.collective_bytes = 2 * kSumBytes + kStopBytes + kInteger;
  return {pairing_cost(n), seeding_cost(shape), linearise, screen, evaluation, annealing_cost(shape), check};
}

double modelled_seconds(const PhaseCost& phase, const ScaleShape& shape, const MachineRates& rates) {
  double seconds = phase.product_flops / (phase.efficiency * rates.products) + phase.effect_flops / rates.effects +
                   std::max(phase.screen_flops / rates.screens, phase.streamed / rates.bandwidth);
  if (shape.ranks > 1) {
    const auto turns = static_cast<double>(std::bit_width(shape.ranks - 1));
    seconds += phase.collectives * turns * rates.latency + 2 * phase.collective_bytes / rates.link;
  }
  return seconds;
}

MemoryModel model_memory(const ScaleShape& shape) {
  const Sizes n(shape);
  const double pairs = n.blocks * n.blocks;
  const double weight = n.hidden * n.width;
  MemoryModel memory;
  memory.node = kFloat * (n.blocks * (4 * padded(weight) + padded(n.hidden) + padded(n.width)) +
                          2 * padded(n.outputs * n.width) + padded(n.outputs));
  const double table = table_entries(shape) * kFloat + 8;  // of a pair: its effects and their size
  memory.node += table * n.blocks * (n.blocks - 1) / 2;

  const double row = kFloat * (n.width + n.outputs);
  const double own_rows = static_cast<double>(busiest_tiles(shape.rows, shape.ranks) * kTileRows) * row;
  // Rows as read; with several ranks, also as sent and as received.
  const double loading = n.rows / static_cast<double>(shape.ranks) * row * (shape.ranks > 1 ? 3 : 1);
  const auto model_tiles = static_cast<double>(busiest_tiles(model_rows(shape), shape.ranks));
  const double tile = kTileRows * kFloat;
  const double effects = model_tiles * n.channels * pairs * tile;
  // States, residuals, gradients, pulled-back adjoints, and the last two regrouped; slopes.
  const double passes = tile * n.blocks * (6 * n.width + n.hidden);
  // One tile of annealing's table on its way.
  const double packed = n.channels * tile * pairs / 2;
  // Predicted changes as sums, as integers and as results; the moves among them that lower the error.
  const double tables = 3 * 8 * 2 * pairs + 16 * pairs;
  memory.rank = own_rows + std::max(loading, effects + std::max(passes + tables, packed));

  const double pieces = kFloat * n.blocks * (2 * weight + n.hidden + n.width);
  const double pairing = kPairingTables * 8 * pairs +
                         2 * kFloat * static_cast<double>(pairing::kGramRows) * n.hidden * n.blocks + kFloat * pairs;
  memory.root = pieces;
  memory.root_peak = pieces + std::max(pairing, memory.node + memory.rank);
  memory.rank_peak = memory.node + memory.rank;
  return memory;
}

}  // namespace kintsugi::cli
