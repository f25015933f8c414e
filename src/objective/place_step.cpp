#include <Eigen/Core>
#include <cmath>
#include <numbers>

#include "objective/first_order_model.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

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

}  // namespace

// Slopes of the rows' errors in the blocks' places, [blocks][kTileRows], from one tile's residuals and adjoints.
void FirstOrderModel::place_slopes(std::size_t blocks, std::span<const float> density, std::span<float> slopes) {
  const auto size = static_cast<Eigen::Index>(passes_.size());
  const auto count = static_cast<Eigen::Index>(blocks);
  const Eigen::Map<const Eigen::MatrixXf> smooth(density.data(), count, count);
  const Eigen::Map<const Eigen::MatrixXf> r(passes_.residuals().data(), size, count);
  const Eigen::Map<const Eigen::MatrixXf> u(passes_.pulled().data(), size, count);
  smooth_residuals_.resize(passes_.residuals().size());
  smooth_pulled_.resize(passes_.residuals().size());
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
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      squares.add(0, passes_.forward(*rows, layers, errors.data()));
      for (std::size_t c = 0; c < channels_; ++c) {
        passes_.backward(*rows, layers, c);
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

}  // namespace kintsugi
