#include "objective/adjusted_errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/stop.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

double squared_norm(std::span<const float> errors) {
  double sum = 0;
  for (const float error : errors) sum += static_cast<double>(error) * error;
  return sum;
}

// Block evaluations for all swaps that begin at one position: two blocks and those between.
constexpr std::size_t swap_blocks() {
  std::size_t blocks = 0;
  for (std::size_t apart = 1; apart <= AdjustedErrors::kReach; ++apart) blocks += apart + 1;
  return blocks;
}

// A swap of blocks two positions apart changes the sides of the pairs with the one between, too.
std::vector<std::array<double, AdjustedErrors::kReach>> pair_coefficients(std::size_t positions,
                                                                          std::span<const PositionPair> swaps,
                                                                          std::span<const double> coefficients) {
  std::vector<std::array<double, AdjustedErrors::kReach>> flips(positions, {0, 0});
  for (std::size_t i = 0; i < swaps.size(); ++i) {
    const auto [first, second] = swaps[i];
    flips[first][second - first - 1] += coefficients[i];
    if (second - first == 2) {
      flips[first][0] += coefficients[i];
      flips[first + 1][0] += coefficients[i];
    }
  }
  return flips;
}

}  // namespace

AdjustedErrors::AdjustedErrors(Evaluator& evaluator, const AdjustedErrorParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

// Of the last forward pass's order; fills in swapped_.
void AdjustedErrors::respond_to_swaps(std::span<const Layer> layers) {
  const std::size_t size = passes_.size();
  swapped_.resize(swaps_.size() * size);
  response_.resize(size);
  hidden_.resize(hidden_tile(layers));
  float* change = swapped_.data();
  for (const auto& [first, second] : swaps_) {
    if (stop_heard()) return;
    shifted_.assign(passes_.state(first), passes_.state(first) + size);
    for (std::size_t p = first; p <= second; ++p) {
      const Layer& layer = layers[p == first ? second : p == second ? first : p];
      layer.kernel->residual(layer.weights, shifted_.data(), response_.data(), hidden_.data());
      for (std::size_t i = 0; i < size; ++i) shifted_[i] += response_[i];
    }
    const float* const behind = passes_.state(second + 1);
    for (std::size_t i = 0; i < size; ++i) change[i] = shifted_[i] - behind[i];
    change += size;
  }
}

// The swaps' effects on the rows' errors, [swaps][kTileRows], with the last backward pass's gradients.
void AdjustedErrors::fill_slopes(std::span<float> slopes) const {
  std::ranges::fill(slopes, 0.0F);
  for (std::size_t i = 0; i < swaps_.size(); ++i) {
    add_products(passes_.gradient(swaps_[i].second + 1), swapped_.data() + i * passes_.size(), passes_.size(),
                 &slopes[i * kTileRows]);
  }
}

// The channels' errors with the layer at position `from` put at each position: [layers][channels][kTileRows].
void AdjustedErrors::insertion_errors(const RowTile& rows, std::span<const Layer> layers, int from,
                                      std::span<float> errors) {
  const std::size_t size = passes_.size();
  const std::size_t stride = passes_.channels() * kTileRows;
  const Layer& moved = layers[static_cast<std::size_t>(from)];
  std::vector<Layer> others(layers.begin(), layers.end());
  others.erase(others.begin() + from);
  (void)passes_.forward(rows, others, errors.data());
  for (std::size_t to = 1; to < layers.size(); ++to) std::copy_n(errors.begin(), stride, &errors[to * stride]);
  inserted_.resize(layers.size() * size);
  hidden_.resize(hidden_tile(layers));
  for (std::size_t to = 0; to < layers.size(); ++to) {
    moved.kernel->residual(moved.weights, passes_.state(to), inserted_.data() + to * size, hidden_.data());
  }
  for (std::size_t c = 0; c < passes_.channels(); ++c) {
    passes_.backward(rows, others, c);
    for (std::size_t to = 0; to < layers.size(); ++to) {
      add_products(passes_.gradient(to), inserted_.data() + to * size, size, &errors[to * stride + c * kTileRows]);
    }
  }
}

void AdjustedErrors::fill_tile(const RowTile& rows, std::span<const Layer> layers, std::span<const int> from,
                               TileEquations& tile) {
  const std::size_t of_order = passes_.channels() * kTileRows;
  (void)passes_.forward(rows, layers, tile.errors.data());
  respond_to_swaps(layers);
  for (std::size_t c = 0; c < passes_.channels(); ++c) {
    passes_.backward(rows, layers, c);
    fill_slopes(std::span(tile.slopes).subspan(c * swaps_.size() * kTileRows, swaps_.size() * kTileRows));
  }
  for (std::size_t i = 0; i < from.size() && !stop_heard(); ++i) {
    const std::size_t first = 1 + i * layers.size();
    insertion_errors(rows, layers, from[i], std::span(tile.errors).subspan(first * of_order, layers.size() * of_order));
  }
}

void AdjustedErrors::add_tiles(const Blocks& blocks, std::span<const int> from, std::size_t tiles,
                               mpi::ExactSums& squares, NormalEquations& equations) {
  const ScopedSeconds timing(evaluator_->clock().kernels);
  const std::size_t stride = passes_.channels() * kTileRows;
  TileEquations tile{std::vector<float>(squares.size() * stride), std::vector<float>(swaps_.size() * stride)};
  const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
  for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
    if (stop_heard()) return;
    fill_tile(*rows, layers, from, tile);
    for (std::size_t i = 0; i < squares.size(); ++i) {
      squares.add(i, squared_norm(std::span(tile.errors).subspan(i * stride, stride)));
    }
    for (std::size_t c = 0; c < passes_.channels(); ++c) {
      const auto slopes = std::span(tile.slopes).subspan(c * swaps_.size() * kTileRows, swaps_.size() * kTileRows);
      equations.add_slopes(slopes);
      equations.add_targets(slopes, tile.errors.data() + c * kTileRows, stride);
    }
  }
}

AdjustedErrors::Result AdjustedErrors::solve(const Blocks& blocks, std::span<const int> from, std::size_t tiles) {
  const std::size_t positions = blocks.size();
  const std::size_t targets = 1 + from.size() * positions;
  swaps_ = near_pairs(positions, kReach);
  mpi::ExactSums squares(targets);
  NormalEquations equations(swaps_.size(), targets);
  add_tiles(blocks, from, tiles, squares, equations);
  // The order's passes and swaps; and for each moved block the others' passes, and itself at every position.
  const std::size_t of_order = 1 + passes_.channels() + swap_blocks();
  const std::size_t of_moved = 2 + passes_.channels();
  evaluator_->count_blocks(static_cast<std::int64_t>(positions * (of_order + from.size() * of_moved)), tiles);
  evaluator_->reduce(squares);
  equations.reduce(*evaluator_);
  const NormalEquations::Solution found = equations.solve(parameters_.swap_damping, parameters_.flat_damping);
  mpi::stop_together(evaluator_->island());
  const auto left = [&](std::size_t target) {
    const double error = (squares.value(target) + found.changes[target]) / evaluator_->entries(tiles);
    return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
  };
  Result result{left(0), std::vector<double>(from.size() * positions), {}};
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (std::size_t to = 0; to < positions; ++to) result.moved[i * positions + to] = left(1 + i * positions + to);
    // Here nothing needs to be predicted.
    result.moved[i * positions + static_cast<std::size_t>(from[i])] = result.present;
  }
  result.flips = pair_coefficients(positions, swaps_, std::span(found.steps).first(swaps_.size()));
  return result;
}

}  // namespace kintsugi
