#include "objective/position_step.hpp"

#include <Eigen/Core>
#include <cmath>
#include <utility>

#include "core/stop.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

using kernels::kTileRows;

PositionStep::PositionStep(Evaluator& evaluator, const PositionStepParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

// Slopes of the rows' errors in the blocks' positions, [blocks][kTileRows], from the last passes.
void PositionStep::fill_slopes(std::size_t blocks, const DepthSmoothing& smoothing, std::span<float> slopes) {
  const auto size = static_cast<Eigen::Index>(passes_.size());
  const auto count = static_cast<Eigen::Index>(blocks);
  const DepthSmoothing::Values r(passes_.residuals().data(), size, count);
  const DepthSmoothing::Values u(passes_.pulled_back().data(), size, count);
  smoothing.gather(r, grid_residuals_);
  smoothing.gather(u, grid_pulled_back_);
  const Eigen::Index batch = smoothing.batch();
  smooth_residuals_.resize(static_cast<std::size_t>(size * batch));
  smooth_pulled_back_.resize(static_cast<std::size_t>(size * batch));
  Eigen::Map<Eigen::MatrixXf> of_blocks(slopes.data(), static_cast<Eigen::Index>(kTileRows), count);
  of_blocks.setZero();
  for (Eigen::Index begin = 0; begin < count; begin += batch) {
    const Eigen::Index columns = std::min(batch, count - begin);
    Eigen::Map<Eigen::MatrixXf> residuals(smooth_residuals_.data(), size, columns);
    Eigen::Map<Eigen::MatrixXf> pulled_back(smooth_pulled_back_.data(), size, columns);
    smoothing.smooth(r, grid_residuals_, begin, residuals);
    smoothing.smooth(u, grid_pulled_back_, begin, pulled_back);
    for (Eigen::Index i = 0; i < columns; ++i) {
      for (Eigen::Index f = 0; f < size; f += kTileRows) {
        const auto one = [&](const auto& matrix, Eigen::Index b) {
          return matrix.col(b).template segment<kTileRows>(f).array();
        };
        // What a block is to itself cancels.
        of_blocks.col(begin + i).array() +=
            one(u, begin + i) * one(residuals, i) - one(r, begin + i) * one(pulled_back, i);
      }
    }
  }
}

// Summed up over the ranks.
PositionStep::Equations PositionStep::equations(const Blocks& blocks, std::size_t tiles, double bandwidth) {
  const std::size_t channels = passes_.channels();
  const DepthSmoothing smoothing(blocks.size(), bandwidth);
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
        fill_slopes(blocks.size(), smoothing, slopes);
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
