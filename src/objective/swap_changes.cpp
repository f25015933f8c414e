#include "objective/swap_changes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Each row's change of its squared error, of all channels, where the blocks at `a` and `a` + 1 are swapped.
std::array<double, kTileRows> row_changes(const Linearisation& base, std::size_t tile, std::size_t a) {
  std::array<double, kTileRows> change{};
  for (std::size_t c = 0; c < base.channels; ++c) {
    const float* const effect = base.effect(tile, c, a, a + 1);
    const float* const errors = base.errors_of(tile, c);
    for (std::size_t row = 0; row < kTileRows; ++row) change[row] += (2.0 * errors[row] + effect[row]) * effect[row];
  }
  return change;
}

}  // namespace

std::vector<SwapChange> swap_changes(const LinearModel& model) {
  const Linearisation& base = model.base();
  Evaluator& evaluator = model.evaluator();
  if (base.blocks.size() < 2) return {};
  const std::size_t swaps = base.blocks.size() - 1;
  mpi::ExactSums sums(2 * swaps);
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    for (std::size_t t = 0; t < base.own.size() && !stop_heard(); ++t) {
      for (std::size_t a = 0; a < swaps; ++a) {
        const std::array<double, kTileRows> change = row_changes(base, t, a);
        double sum = 0;
        double squares = 0;
        for (std::size_t row = 0; row < base.own[t]->rows; ++row) {
          sum += change[row];
          squares += change[row] * change[row];
        }
        sums.add(2 * a, sum);
        sums.add(2 * a + 1, squares);
      }
    }
  }
  evaluator.reduce(sums);
  const auto rows = static_cast<double>(evaluator.rows().rows_in(base.tiles));
  const auto outputs = static_cast<double>(evaluator.weights().roles().outputs);
  std::vector<SwapChange> result;
  for (std::size_t a = 0; a < swaps; ++a) {
    const double mean = sums.value(2 * a) / rows;
    const double variance = std::max(0.0, sums.value(2 * a + 1) / rows - mean * mean);
    result.push_back({mean / outputs, std::sqrt(variance / std::max(1.0, rows - 1)) / outputs});
  }
  return result;
}

namespace {

/// Adds one tile's and channel's changes of the squared errors. Trading a and b has them and all between them change
/// sides with each other.
void add_trades(const Linearisation& base, std::size_t tile, std::size_t channel, std::vector<double>& changes) {
  using Row = std::array<float, kTileRows>;
  const std::size_t blocks = base.blocks.size();
  const float* const errors = base.errors_of(tile, channel);
  const auto add = [](const float* effect, Row& sum) {
    for (std::size_t row = 0; row < kTileRows; ++row) sum[row] += effect[row];
  };
  // By b: effects of what stands between a and b on b, for the present a.
  std::vector<Row> before(blocks, Row{});
  for (std::size_t a = blocks; a-- > 0;) {
    Row behind{};
    for (std::size_t b = a + 1; b < blocks; ++b) {
      const float* const own = base.effect(tile, channel, a, b);
      double sum = 0;
      for (std::size_t row = 0; row < base.own[tile]->rows; ++row) {
        const double effect = static_cast<double>(own[row]) + behind[row] + before[b][row];
        sum += (2.0 * errors[row] + effect) * effect;
      }
      changes[a * blocks + b] += sum;
      add(own, behind);
      add(own, before[b]);
    }
  }
}

}  // namespace

std::vector<double> trade_changes(const LinearModel& model) {
  const Linearisation& base = model.base();
  Evaluator& evaluator = model.evaluator();
  const std::size_t size = base.blocks.size() * base.blocks.size();
  mpi::ExactSums sums(size);
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    for (std::size_t t = 0; t < base.own.size() && !stop_heard(); ++t) {
      std::vector<double> changes(size, 0.0);
      for (std::size_t c = 0; c < base.channels; ++c) add_trades(base, t, c, changes);
      for (std::size_t i = 0; i < size; ++i) sums.add(i, changes[i]);
    }
  }
  evaluator.reduce(sums);
  const double entries = evaluator.entries(base.tiles);
  std::vector<double> result(size);
  for (std::size_t i = 0; i < size; ++i) result[i] = sums.value(i) / entries;
  return result;
}

}  // namespace kintsugi
