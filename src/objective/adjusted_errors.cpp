#include <algorithm>
#include <cmath>
#include <limits>

#include "objective/first_order_model.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

double squared_norm(std::span<const float> errors) {
  double sum = 0;
  for (const float error : errors) sum += static_cast<double>(error) * error;
  return sum;
}

// Swaps of blocks up to so many places apart make up for a move; their equations are damped by so much.
constexpr std::size_t kNear = 2;
constexpr double kSwapDamping = 1e-3;

template <class Call>
void for_near_swaps(std::size_t blocks, const Call& call) {
  for (std::size_t first = 0; first < blocks; ++first) {
    for (std::size_t second = first + 1; second < std::min(blocks, first + kNear + 1); ++second) call(first, second);
  }
}

std::size_t near_swaps(std::size_t blocks) {
  std::size_t count = 0;
  for_near_swaps(blocks, [&](std::size_t, std::size_t) { ++count; });
  return count;
}

}  // namespace

// Of the last forward pass's order: what each swap changes in the state behind its second block, swapped_, in the
// sequence of for_near_swaps().
void FirstOrderModel::respond_to_swaps(std::span<const Layer> layers) {
  const std::size_t size = passes_.size();
  swapped_.resize(near_swaps(layers.size()) * size);
  response_.resize(size);
  hidden_.resize(hidden_tile(layers));
  float* change = swapped_.data();
  for_near_swaps(layers.size(), [&](std::size_t first, std::size_t second) {
    shifted_.assign(passes_.state(first), passes_.state(first) + size);
    for (std::size_t p = first; p <= second; ++p) {
      const Layer& layer = layers[p == first ? second : p == second ? first : p];
      layer.kernel->residual(layer.weights, shifted_.data(), response_.data(), hidden_.data());
      for (std::size_t i = 0; i < size; ++i) shifted_[i] += response_[i];
    }
    const float* const behind = passes_.state(second + 1);
    for (std::size_t i = 0; i < size; ++i) change[i] = shifted_[i] - behind[i];
    change += size;
  });
}

// The swaps' effects on the rows' errors, [swaps][kTileRows], with the last backward pass's gradients.
void FirstOrderModel::swap_slopes(std::size_t blocks, std::span<float> slopes) const {
  std::ranges::fill(slopes, 0.0F);
  const float* change = swapped_.data();
  float* slope = slopes.data();
  for_near_swaps(blocks, [&](std::size_t /*first*/, std::size_t second) {
    add_products(passes_.gradient(second + 1), change, passes_.size(), slope);
    change += passes_.size();
    slope += kTileRows;
  });
}

// The channels' errors with the layer at position `from` put at each position: [layers][channels][kTileRows].
void FirstOrderModel::insertion_errors(const RowTile& rows, std::span<const Layer> layers, int from,
                                       std::span<float> errors) {
  const std::size_t size = passes_.size();
  const std::size_t stride = channels_ * kTileRows;
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
  for (std::size_t c = 0; c < channels_; ++c) {
    passes_.backward(rows, others, c);
    for (std::size_t to = 0; to < layers.size(); ++to) {
      add_products(passes_.gradient(to), inserted_.data() + to * size, size, &errors[to * stride + c * kTileRows]);
    }
  }
}

FirstOrderModel::AdjustedErrors FirstOrderModel::adjusted_errors(const Blocks& blocks, std::span<const int> from,
                                                                 std::size_t tiles) {
  const std::size_t positions = blocks.size();
  const std::size_t targets = 1 + from.size() * positions;
  const std::size_t stride = channels_ * kTileRows;
  mpi::ExactSums squares(targets);
  NormalEquations equations(near_swaps(positions), targets);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(targets * stride);
    std::vector<float> slopes(channels_ * near_swaps(positions) * kTileRows);
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      (void)passes_.forward(*rows, layers, errors.data());
      respond_to_swaps(layers);
      const auto of_channel = [&](std::size_t c) {
        return std::span(slopes).subspan(c * near_swaps(positions) * kTileRows, near_swaps(positions) * kTileRows);
      };
      for (std::size_t c = 0; c < channels_; ++c) {
        passes_.backward(*rows, layers, c);
        swap_slopes(positions, of_channel(c));
        equations.add_slopes(of_channel(c));
      }
      for (std::size_t i = 0; i < from.size(); ++i) {
        insertion_errors(*rows, layers, from[i],
                         std::span(errors).subspan((1 + i * positions) * stride, positions * stride));
      }
      for (std::size_t i = 0; i < targets; ++i) {
        squares.add(i, squared_norm(std::span(errors).subspan(i * stride, stride)));
      }
      for (std::size_t c = 0; c < channels_; ++c) {
        equations.add_errors(of_channel(c), errors.data() + c * kTileRows, stride);
      }
    }
  }
  // Forward and backward passes; a swap's blocks and those between; and each moved block at every position.
  evaluator_->count_blocks(
      static_cast<std::int64_t>(positions * (6 + channels_) + from.size() * positions * (2 + channels_)), tiles);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    squares.reduce(evaluator_->island());
    equations.reduce(evaluator_->island());
  }
  const NormalEquations::Solution found = equations.solve(kSwapDamping);
  const auto entries = static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
  const auto left = [&](std::size_t target) {
    const auto column = static_cast<Eigen::Index>(target);
    const double error = (squares.value(target) + found.along.col(column).dot(found.steps.col(column))) / entries;
    return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
  };
  AdjustedErrors result{left(0), std::vector<double>(from.size() * positions), {}};
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (std::size_t to = 0; to < positions; ++to) result.moved[i * positions + to] = left(1 + i * positions + to);
    // Here nothing needs to be predicted.
    result.moved[i * positions + static_cast<std::size_t>(from[i])] = result.present;
  }
  // A swap of blocks two places apart changes the sides of the pairs with the one between, too.
  result.flips.assign(positions, {0, 0});
  Eigen::Index swap = 0;
  for_near_swaps(positions, [&](std::size_t first, std::size_t second) {
    const double coefficient = found.steps(swap++, 0);
    result.flips[first][second - first - 1] += coefficient;
    if (second - first == 2) {
      result.flips[first][0] += coefficient;
      result.flips[first + 1][0] += coefficient;
    }
  });
  return result;
}

}  // namespace kintsugi
