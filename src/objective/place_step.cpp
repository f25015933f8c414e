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
  mpi::ExactSums squares(2);
  NormalEquations equations(blocks.size(), 1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(channels_ * kTileRows);
    std::vector<float> slopes(blocks.size() * kTileRows);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      squares.add(0, forward(*rows, blocks, errors.data()));
      squares.add(1, squared_norm(errors));
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
  PlaceStep step{squares.value(0) / entries, std::numeric_limits<double>::infinity(), {}};
  if (!std::isfinite(step.mse)) return step;
  const NormalEquations::Solution found = equations.solve(damping);
  step.left = (squares.value(1) + found.along.col(0).dot(found.steps.col(0))) / entries;
  step.places.assign(found.steps.data(), found.steps.data() + found.steps.size());
  return step;
}

// The rows' errors, sketched, of an order that has the last forward pass's blocks before position `first`.
void FirstOrderModel::errors_from(const RowTile& rows, const Blocks& blocks, std::size_t first, float* errors) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = weights.roles().width * kTileRows;
  shifted_.assign(states_.begin() + static_cast<std::ptrdiff_t>(first * size),
                  states_.begin() + static_cast<std::ptrdiff_t>((first + 1) * size));
  response_.resize(size);
  for (std::size_t b = first; b < blocks.size(); ++b) {
    evaluator_->kernel(blocks[b]).residual(weights.block(blocks[b]), shifted_.data(), response_.data(), hidden_.data());
    for (std::size_t i = 0; i < size; ++i) shifted_[i] += response_[i];
  }
  (void)sketch_errors(rows, shifted_.data(), errors);
}

std::vector<double> FirstOrderModel::adjusted_errors(std::span<const Blocks> orders, std::size_t tiles,
                                                     double bandwidth, double damping) {
  const Blocks& base = orders.front();
  const std::vector<float> density = smoothing(base.size(), bandwidth);
  std::vector<std::size_t> first;
  for (const Blocks& order : orders) {
    first.push_back(static_cast<std::size_t>(std::ranges::mismatch(base, order).in1 - base.begin()));
  }
  const std::size_t stride = channels_ * kTileRows;
  mpi::ExactSums squares(orders.size());
  NormalEquations equations(base.size(), orders.size());
  std::int64_t evaluated = static_cast<std::int64_t>(base.size() * (1 + 2 * channels_));
  for (const std::size_t from : first) evaluated += static_cast<std::int64_t>(base.size() - from);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(orders.size() * stride);
    std::vector<float> slopes(base.size() * kTileRows);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      (void)forward(*rows, base, errors.data());
      for (std::size_t i = 1; i < orders.size(); ++i) errors_from(*rows, orders[i], first[i], &errors[i * stride]);
      for (std::size_t i = 0; i < orders.size(); ++i) {
        squares.add(i, squared_norm(std::span(errors).subspan(i * stride, stride)));
      }
      for (std::size_t c = 0; c < channels_; ++c) {
        backward(*rows, base, c);
        place_slopes(base.size(), density, slopes);
        equations.add_slopes(slopes);
        equations.add_errors(slopes, errors.data() + c * kTileRows, stride);
      }
    }
  }
  evaluator_->count_blocks(evaluated, tiles);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    squares.reduce(evaluator_->island());
    equations.reduce(evaluator_->island());
  }
  const NormalEquations::Solution found = equations.solve(damping);
  const auto entries = static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
  std::vector<double> result;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const auto column = static_cast<Eigen::Index>(i);
    const double error = (squares.value(i) + found.along.col(column).dot(found.steps.col(column))) / entries;
    result.push_back(std::isfinite(error) ? error : std::numeric_limits<double>::infinity());
  }
  return result;
}

}  // namespace kintsugi
