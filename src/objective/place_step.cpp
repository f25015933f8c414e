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

// How much of a pair's change of sides falls to each place of either block: a normal density of their distance.
Eigen::MatrixXf smoothing(std::size_t blocks, double bandwidth) {
  const auto count = static_cast<Eigen::Index>(blocks);
  Eigen::MatrixXf density(count, count);
  for (Eigen::Index a = 0; a < count; ++a) {
    for (Eigen::Index b = 0; b < count; ++b) {
      const double z = static_cast<double>(a - b) / bandwidth;
      density(a, b) = static_cast<float>(std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi)));
    }
    density(a, a) = 0;
  }
  return density;
}

// Lower triangle and right-hand side of the normal equations, one after the other.
void add_products(const Eigen::MatrixXf& slopes, const float* errors, mpi::ExactSums& sums) {
  const Eigen::Map<const Eigen::VectorXf> target(errors, slopes.rows());
  const Eigen::MatrixXf gram = slopes.transpose() * slopes;
  const Eigen::VectorXf along = slopes.transpose() * target;
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < gram.rows(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) sums.add(at++, gram(i, j));
    sums.add(at++, along(i));
  }
}

std::vector<double> solve_damped(const mpi::ExactSums& sums, std::size_t blocks, double damping) {
  const auto count = static_cast<Eigen::Index>(blocks);
  Eigen::MatrixXd normal(count, count);
  Eigen::VectorXd target(count);
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) normal(i, j) = normal(j, i) = sums.value(at++);
    target(i) = -sums.value(at++);
  }
  // Between Levenberg's damping, under which blocks with small slopes never move, and Marquardt's, under which they
  // follow every chance.
  const double mean = std::max(normal.trace() / static_cast<double>(count), std::numeric_limits<double>::min());
  const Eigen::VectorXd own = normal.diagonal();
  normal.diagonal().array() += damping * (own.array() * mean).sqrt() + kLeastDamping * mean;
  const Eigen::VectorXd step = normal.ldlt().solve(target);
  return {step.begin(), step.end()};
}

}  // namespace

FirstOrderModel::PlaceStep FirstOrderModel::place_step(const Blocks& blocks, std::size_t tiles, double bandwidth,
                                                       double damping) {
  const std::size_t count = blocks.size();
  const std::size_t width = evaluator_->weights().roles().width;
  const auto size = static_cast<Eigen::Index>(width * kTileRows);
  const auto columns = static_cast<Eigen::Index>(count);
  const Eigen::MatrixXf density = smoothing(count, bandwidth);
  mpi::ExactSums squares(1);
  mpi::ExactSums sums(count * (count + 3) / 2);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(channels_ * kTileRows);
    Eigen::MatrixXf slopes(static_cast<Eigen::Index>(kTileRows), columns);
    Eigen::MatrixXf residuals(size, columns);
    Eigen::MatrixXf pulled(size, columns);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      squares.add(0, forward(*rows, blocks, errors.data()));
      const Eigen::Map<const Eigen::MatrixXf> r(residuals_.data(), size, columns);
      residuals.noalias() = r * density;
      for (std::size_t c = 0; c < channels_; ++c) {
        backward(*rows, blocks, c);
        const Eigen::Map<const Eigen::MatrixXf> u(pulled_.data(), size, columns);
        pulled.noalias() = u * density;
        slopes.setZero();
        for (Eigen::Index b = 0; b < columns; ++b) {
          for (Eigen::Index f = 0; f < size; f += kTileRows) {
            slopes.col(b).array() +=
                u.col(b).segment<kTileRows>(f).array() * residuals.col(b).segment<kTileRows>(f).array() -
                r.col(b).segment<kTileRows>(f).array() * pulled.col(b).segment<kTileRows>(f).array();
          }
        }
        add_products(slopes, errors.data() + c * kTileRows, sums);
      }
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(count * (1 + 2 * channels_)), tiles);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    squares.reduce(evaluator_->island());
    sums.reduce(evaluator_->island());
  }
  const auto entries = static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
  PlaceStep step{squares.value(0) / entries, {}};
  if (std::isfinite(step.mse)) step.places = solve_damped(sums, count, damping);
  return step;
}

}  // namespace kintsugi
