#include "objective/position_step.hpp"

#include <Eigen/Core>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/stop.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// How much of a pair's change of sides falls to each position of either block: a normal density of their distance,
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

PositionStep::PositionStep(Evaluator& evaluator, const PositionStepParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

// Slopes of the rows' errors in the blocks' positions, [blocks][kTileRows], from the last passes.
void PositionStep::fill_slopes(std::size_t blocks, std::span<const float> density, std::span<float> slopes) {
  const auto size = static_cast<Eigen::Index>(passes_.size());
  const auto count = static_cast<Eigen::Index>(blocks);
  const Eigen::Map<const Eigen::MatrixXf> smooth(density.data(), count, count);
  const Eigen::Map<const Eigen::MatrixXf> r(passes_.residuals().data(), size, count);
  const Eigen::Map<const Eigen::MatrixXf> u(passes_.pulled_back().data(), size, count);
  smooth_residuals_.resize(passes_.residuals().size());
  smooth_pulled_back_.resize(passes_.residuals().size());
  Eigen::Map<Eigen::MatrixXf> residuals(smooth_residuals_.data(), size, count);
  Eigen::Map<Eigen::MatrixXf> pulled_back(smooth_pulled_back_.data(), size, count);
  residuals.noalias() = r * smooth;
  pulled_back.noalias() = u * smooth;
  Eigen::Map<Eigen::MatrixXf> of_blocks(slopes.data(), static_cast<Eigen::Index>(kTileRows), count);
  of_blocks.setZero();
  for (Eigen::Index b = 0; b < count; ++b) {
    for (Eigen::Index f = 0; f < size; f += kTileRows) {
      const auto one = [&](const auto& matrix) { return matrix.col(b).template segment<kTileRows>(f).array(); };
      of_blocks.col(b).array() += one(u) * one(residuals) - one(r) * one(pulled_back);
    }
  }
}

// Summed up over the ranks.
PositionStep::Equations PositionStep::equations(const Blocks& blocks, std::size_t tiles, double bandwidth) {
  const std::size_t channels = passes_.channels();
  const std::vector<float> density = smoothing(blocks.size(), bandwidth);
  mpi::ExactSums squares(1);
  NormalEquations normal(blocks.size(), 1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(channels * kTileRows);
    std::vector<float> slopes(blocks.size() * kTileRows);
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      if (stop_heard()) break;
      squares.add(0, passes_.forward(*rows, layers, errors.data()));
      for (std::size_t c = 0; c < channels && !stop_heard(); ++c) {
        passes_.backward(*rows, layers, c);
        fill_slopes(blocks.size(), density, slopes);
        normal.add_slopes(slopes);
        normal.add_targets(slopes, errors.data() + c * kTileRows, errors.size());
      }
    }
  }
  // A forward pass; for each channel a backward pass, and the slopes, which cost about one.
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (1 + 2 * channels)), tiles);
  evaluator_->reduce(squares);
  normal.reduce(*evaluator_);
  return {std::move(normal), squares.value(0) / evaluator_->entries(tiles)};
}

PositionStep::Result PositionStep::solve(const Blocks& blocks, std::size_t tiles, double bandwidth, double damping) {
  const Equations found = equations(blocks, tiles, bandwidth);
  Result result{.mse = found.mse, .shifts = {}};
  if (std::isfinite(found.mse)) result.shifts = found.normal.solve(damping, parameters_.flat_damping).steps;
  return result;
}

PositionStep::Posterior PositionStep::posterior(const Equations& equations, double damping, const Prior& prior,
                                                double variance) const {
  Posterior result{.step = {.mse = equations.mse, .shifts = {}}, .deviations = {}};
  if (!std::isfinite(equations.mse)) return result;
  if (variance == 0) variance = equations.mse;
  NormalEquations::Prior scaled{prior.shifts, {}};
  for (const double deviation : prior.deviations) scaled.precisions.push_back(variance / (deviation * deviation));
  NormalEquations::Posterior posterior = equations.normal.posterior(scaled, damping, parameters_.flat_damping);
  result.step.shifts = std::move(posterior.means);
  for (const double one : posterior.variances) result.deviations.push_back(std::sqrt(one * variance));
  return result;
}

}  // namespace kintsugi
