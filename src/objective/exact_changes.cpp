#include "objective/exact_changes.hpp"

#include <algorithm>
#include <cmath>

#include "core/stop.hpp"
#include "mpi/exact_sums.hpp"
#include "objective/network64.hpp"

namespace kintsugi {

namespace {

using kernels::kTileRows;

/// Squared errors of each prediction of some tiles, as scaled: [tiles][outputs][kTileRows].
std::vector<double> squared_errors(Network64& network, const SharedWeights& weights,
                                   std::span<const RowTile* const> tiles) {
  const std::size_t of_tile = weights.roles().outputs * kTileRows;
  std::vector<double> squares(tiles.size() * of_tile);
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const std::span<double> values = std::span(squares).subspan(t * of_tile, of_tile);
    network.predict(t, values);
    for (std::size_t i = 0; i < of_tile; ++i) {
      const double scale = tiles[t]->scales != nullptr ? tiles[t]->scales[i] : 1;
      const double error = (values[i] - tiles[t]->predictions[i]) * scale;
      values[i] = error * error;
    }
  }
  return squares;
}

std::size_t first_difference(const Blocks& a, const Blocks& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Adds the sums of the changes and of their squares, in units of `mse`.
void add_changes(std::span<const RowTile* const> tiles, std::size_t outputs, const std::vector<double>& base,
                 const std::vector<double>& squares, double mse, std::size_t at, mpi::ExactSums& sums) {
  constexpr double kMost = 1e6;
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    double first = 0;
    double second = 0;
    for (std::size_t q = 0; q < outputs; ++q) {
      for (std::size_t row = 0; row < tiles[t]->rows; ++row) {
        const std::size_t i = (t * outputs + q) * kTileRows + row;
        const double change = (squares[i] - base[i]) / mse;
        const double kept = std::isnan(change) ? kMost : std::clamp(change, -kMost, kMost);
        first += kept;
        second += kept * kept;
      }
    }
    sums.add(2 * at, first);
    sums.add(2 * at + 1, second);
  }
}

}  // namespace

std::vector<ExactChange> exact_changes(const Evaluator& evaluator, const Blocks& base, double mse,
                                       std::span<const Blocks> orders, std::size_t tiles) {
  constexpr std::size_t kTilesAtOnce = 16;  // weights are converted once for so many
  const SharedWeights& weights = evaluator.weights();
  const std::size_t outputs = weights.roles().outputs;
  std::vector<std::vector<std::size_t>> leaving(base.size() + 1);  // by where they leave the base's order
  for (std::size_t i = 0; i < orders.size(); ++i) leaving[first_difference(base, orders[i])].push_back(i);
  mpi::ExactSums sums(2 * orders.size());
  const std::vector<const RowTile*> own = evaluator.own_tiles(tiles);
  for (std::size_t first = 0; first < own.size() && !stop_heard(); first += kTilesAtOnce) {
    const auto some = std::span<const RowTile* const>(own).subspan(first, std::min(kTilesAtOnce, own.size() - first));
    Network64 network(weights, some);
    std::vector<std::vector<double>> squares(orders.size());
    for (std::size_t at = 0; at < base.size() && !stop_heard(); ++at) {
      for (const std::size_t i : leaving[at]) {
        Network64 other = network;
        for (std::size_t b = at; b < base.size() && !stop_heard(); ++b) other.advance(orders[i][b]);
        squares[i] = squared_errors(other, weights, some);
      }
      network.advance(base[at]);
    }
    const std::vector<double> own_squares = squared_errors(network, weights, some);
    for (std::size_t i = 0; i < orders.size(); ++i) {
      if (squares[i].empty()) continue;  // the same order, or a stop
      add_changes(some, outputs, own_squares, squares[i], mse, i, sums);
    }
  }
  sums.reduce_or_stop(evaluator.island());
  const double count = evaluator.entries(tiles);
  std::vector<ExactChange> changes;
  changes.reserve(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const double mean = sums.value(2 * i) / count;
    const double variance = std::max(0.0, sums.value(2 * i + 1) / count - mean * mean);
    changes.push_back({mean, std::sqrt(variance / std::max(1.0, count - 1))});
  }
  return changes;
}

}  // namespace kintsugi
