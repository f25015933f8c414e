#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kintsugi/objective/first_order_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Of the mean diagonal entry: keeps blocks without any slope where they are.
constexpr double kLeastDamping = 1e-6;

// How much of a pair's change of sides falls to each place of either block: a normal density of their distance,
// [blocks][blocks].
std::vector<float> smoothing(std::size_t blocks, double bandwidth) {
  std::vector<float> density(blocks * blocks, 0.0F);
  for (std::size_t a = 0; a < blocks; ++a) {
    for (std::size_t b = 0; b < blocks; ++b) {
      if (a == b) continue;
      const double z = (static_cast<double>(a) - static_cast<double>(b)) / bandwidth;
      density[a * blocks + b] =
          static_cast<float>(std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi)));
    }
  }
  return density;
}

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

// Adds, for each row, the scalar product of two vectors of features to `sums`; [features][kTileRows], `size` in all.
void add_products(const float* a, const float* b, std::size_t size, float* sums) {
  for (std::size_t i = 0; i < size; i += kTileRows) {
    for (std::size_t row = 0; row < kTileRows; ++row) sums[row] += a[i + row] * b[i + row];
  }
}

// The damped normal equations of slopes [rows x blocks]: sums over the rows of all tiles, exact.
class NormalEquations {
 public:
  /// For so many right-hand sides.
  NormalEquations(std::size_t blocks, std::size_t targets)
      : blocks_(static_cast<Eigen::Index>(blocks)),
        gram_(blocks * (blocks + 1) / 2),
        along_(blocks * targets),
        targets_(targets) {}

  /// `slopes`: [blocks][kTileRows] of one tile.
  void add_slopes(std::span<const float> slopes) {
    const Slopes of_blocks = map(slopes);
    product_.noalias() = of_blocks.transpose() * of_blocks;
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < blocks_; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) gram_.add(at++, product_(i, j));
    }
  }
  /// `errors`: the rows' of one target after the other, `stride` numbers apart.
  void add_errors(std::span<const float> slopes, const float* errors, std::size_t stride) {
    const Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>> targets(
        errors, kRows, static_cast<Eigen::Index>(targets_), Eigen::OuterStride<>(static_cast<Eigen::Index>(stride)));
    product_.noalias() = map(slopes).transpose() * targets;
    for (Eigen::Index i = 0; i < product_.size(); ++i) along_.add(static_cast<std::size_t>(i), product_.data()[i]);
  }
  void reduce(const mpi::Comm& comm) {
    gram_.reduce(comm);
    along_.reduce(comm);
  }

  /// Both sides, [blocks x targets]: the slopes' products with the errors, and the steps that lower those most.
  struct Solution {
    Eigen::MatrixXd along;
    Eigen::MatrixXd steps;
  };
  [[nodiscard]] Solution solve(double damping) const {
    Eigen::MatrixXd normal(blocks_, blocks_);
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < blocks_; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) normal(i, j) = normal(j, i) = gram_.value(at++);
    }
    // Between Levenberg's damping, under which blocks with small slopes never move, and Marquardt's, under which they
    // follow every chance.
    const Eigen::VectorXd own = normal.diagonal();
    const double mean = std::max(own.mean(), std::numeric_limits<double>::min());
    normal.diagonal().array() += damping * (own.array() * mean).sqrt() + kLeastDamping * mean;
    Solution result{{blocks_, static_cast<Eigen::Index>(targets_)}, {}};
    for (Eigen::Index i = 0; i < result.along.size(); ++i) {
      result.along.data()[i] = along_.value(static_cast<std::size_t>(i));
    }
    result.steps = -normal.ldlt().solve(result.along);
    return result;
  }

 private:
  static constexpr auto kRows = static_cast<Eigen::Index>(kTileRows);
  using Slopes = Eigen::Map<const Eigen::MatrixXf>;
  [[nodiscard]] Slopes map(std::span<const float> slopes) const { return {slopes.data(), kRows, blocks_}; }

  Eigen::Index blocks_;
  mpi::ExactSums gram_;
  mpi::ExactSums along_;  // [targets][blocks]
  std::size_t targets_;
  Eigen::MatrixXf product_;
};

}  // namespace

// Slopes of the rows' errors in the blocks' places, [blocks][kTileRows], from one tile's residuals and adjoints.
void FirstOrderModel::place_slopes(std::size_t blocks, std::span<const float> density, std::span<float> slopes) {
  const auto size = static_cast<Eigen::Index>(evaluator_->weights().roles().width * kTileRows);
  const auto count = static_cast<Eigen::Index>(blocks);
  const Eigen::Map<const Eigen::MatrixXf> smooth(density.data(), count, count);
  const Eigen::Map<const Eigen::MatrixXf> r(residuals_.data(), size, count);
  const Eigen::Map<const Eigen::MatrixXf> u(pulled_.data(), size, count);
  smooth_residuals_.resize(residuals_.size());
  smooth_pulled_.resize(residuals_.size());
  Eigen::Map<Eigen::MatrixXf> residuals(smooth_residuals_.data(), size, count);
  Eigen::Map<Eigen::MatrixXf> pulled(smooth_pulled_.data(), size, count);
  residuals.noalias() = r * smooth;
  pulled.noalias() = u * smooth;
  Eigen::Map<Eigen::MatrixXf> of_blocks(slopes.data(), static_cast<Eigen::Index>(kTileRows), count);
  of_blocks.setZero();
  for (Eigen::Index b = 0; b < count; ++b) {
    for (Eigen::Index f = 0; f < size; f += kTileRows) {
      const auto one = [&](const auto& matrix) { return matrix.col(b).template segment<kTileRows>(f).array(); };
      of_blocks.col(b).array() += one(u) * one(residuals) - one(r) * one(pulled);
    }
  }
}

FirstOrderModel::PlaceStep FirstOrderModel::place_step(const Blocks& blocks, std::size_t tiles, double bandwidth,
                                                       double damping) {
  const std::vector<float> density = smoothing(blocks.size(), bandwidth);
  mpi::ExactSums squares(1);
  NormalEquations equations(blocks.size(), 1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(channels_ * kTileRows);
    std::vector<float> slopes(blocks.size() * kTileRows);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      squares.add(0, forward(*rows, blocks, errors.data()));
      for (std::size_t c = 0; c < channels_; ++c) {
        backward(*rows, blocks, c);
        place_slopes(blocks.size(), density, slopes);
        equations.add_slopes(slopes);
        equations.add_errors(slopes, errors.data() + c * kTileRows, errors.size());
      }
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (1 + 2 * channels_)), tiles);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    squares.reduce(evaluator_->island());
    equations.reduce(evaluator_->island());
  }
  const auto entries = static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
  PlaceStep step{squares.value(0) / entries, {}};
  if (!std::isfinite(step.mse)) return step;
  const NormalEquations::Solution found = equations.solve(damping);
  step.places.assign(found.steps.data(), found.steps.data() + found.steps.size());
  return step;
}

// Of the last forward pass's order: what each swap changes in the state behind its second block, swapped_, in the
// sequence of near_swaps().
void FirstOrderModel::respond_to_swaps(const Blocks& blocks) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = weights.roles().width * kTileRows;
  swapped_.resize(near_swaps(blocks.size()) * size);
  response_.resize(size);
  float* change = swapped_.data();
  for_near_swaps(blocks.size(), [&](std::size_t first, std::size_t second) {
    shifted_.assign(states_.begin() + static_cast<std::ptrdiff_t>(first * size),
                    states_.begin() + static_cast<std::ptrdiff_t>((first + 1) * size));
    for (std::size_t p = first; p <= second; ++p) {
      const Block& block = blocks[p == first ? second : p == second ? first : p];
      evaluator_->kernel(block).residual(weights.block(block), shifted_.data(), response_.data(), hidden_.data());
      for (std::size_t i = 0; i < size; ++i) shifted_[i] += response_[i];
    }
    const float* const behind = states_.data() + (second + 1) * size;
    for (std::size_t i = 0; i < size; ++i) change[i] = shifted_[i] - behind[i];
    change += size;
  });
}

// The swaps' effects on the rows' errors, [swaps][kTileRows], with the last backward pass's gradients.
void FirstOrderModel::swap_slopes(const Blocks& blocks, std::span<float> slopes) const {
  const std::size_t size = evaluator_->weights().roles().width * kTileRows;
  std::ranges::fill(slopes, 0.0F);
  const float* change = swapped_.data();
  float* slope = slopes.data();
  for_near_swaps(blocks.size(), [&](std::size_t /*first*/, std::size_t second) {
    add_products(gradients_.data() + (second + 1) * size, change, size, slope);
    change += size;
    slope += kTileRows;
  });
}

// The rows' errors, sketched, with the block at position `from` put at each position: [blocks][channels][kTileRows].
void FirstOrderModel::insertion_errors(const RowTile& rows, const Blocks& blocks, int from, std::span<float> errors) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = weights.roles().width * kTileRows;
  const std::size_t stride = channels_ * kTileRows;
  const Block block = blocks[static_cast<std::size_t>(from)];
  Blocks others = blocks;
  others.erase(others.begin() + from);
  (void)forward(rows, others, errors.data());
  for (std::size_t to = 1; to < blocks.size(); ++to) std::copy_n(errors.begin(), stride, &errors[to * stride]);
  inserted_.resize(blocks.size() * size);
  hidden_.resize(std::max(hidden_.size(), weights.hidden(block.expand) * kTileRows));
  for (std::size_t to = 0; to < blocks.size(); ++to) {
    evaluator_->kernel(block).residual(weights.block(block), states_.data() + to * size, inserted_.data() + to * size,
                                       hidden_.data());
  }
  for (std::size_t c = 0; c < channels_; ++c) {
    backward(rows, others, c);
    for (std::size_t to = 0; to < blocks.size(); ++to) {
      add_products(gradients_.data() + to * size, inserted_.data() + to * size, size,
                   &errors[to * stride + c * kTileRows]);
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
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      (void)forward(*rows, blocks, errors.data());
      respond_to_swaps(blocks);
      const auto of_channel = [&](std::size_t c) {
        return std::span(slopes).subspan(c * near_swaps(positions) * kTileRows, near_swaps(positions) * kTileRows);
      };
      for (std::size_t c = 0; c < channels_; ++c) {
        backward(*rows, blocks, c);
        swap_slopes(blocks, of_channel(c));
        equations.add_slopes(of_channel(c));
      }
      for (std::size_t i = 0; i < from.size(); ++i) {
        insertion_errors(*rows, blocks, from[i],
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
