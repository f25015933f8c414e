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

constexpr Eigen::Index kBatch = 32;         // blocks whose neighbours are smoothed together
constexpr std::size_t kFewestBlocks = 128;  // of fewer, all are neighbours
constexpr double kReach = 5;                // bandwidths beyond which the density counts as 0: 4e-6 of the largest

// How far apart blocks are neighbours.
Eigen::Index smoothing_reach(std::size_t blocks, double bandwidth) {
  const auto count = static_cast<double>(blocks);
  return static_cast<Eigen::Index>(blocks < kFewestBlocks ? count : std::min(count, std::ceil(kReach * bandwidth)));
}

}  // namespace

PositionStep::PositionStep(Evaluator& evaluator, const PositionStepParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

// Slopes of the rows' errors in the blocks' positions, [blocks][kTileRows], from the last passes.
void PositionStep::fill_slopes(std::size_t blocks, std::span<const float> density, double bandwidth,
                               std::span<float> slopes) {
  const auto size = static_cast<Eigen::Index>(passes_.size());
  const auto count = static_cast<Eigen::Index>(blocks);
  const Eigen::Index reach = smoothing_reach(blocks, bandwidth);
  const Eigen::Index batch = reach < count ? std::min(kBatch, count) : count;
  const Eigen::Map<const Eigen::MatrixXf> smooth(density.data(), count, count);
  const Eigen::Map<const Eigen::MatrixXf> r(passes_.residuals().data(), size, count);
  const Eigen::Map<const Eigen::MatrixXf> u(passes_.pulled_back().data(), size, count);
  smooth_residuals_.resize(static_cast<std::size_t>(size * batch));
  smooth_pulled_back_.resize(static_cast<std::size_t>(size * batch));
  Eigen::Map<Eigen::MatrixXf> of_blocks(slopes.data(), static_cast<Eigen::Index>(kTileRows), count);
  of_blocks.setZero();
  for (Eigen::Index begin = 0; begin < count; begin += batch) {
    const Eigen::Index columns = std::min(batch, count - begin);
    const Eigen::Index first = std::max<Eigen::Index>(0, begin - reach);
    const Eigen::Index near = std::min(count, begin + columns + reach) - first;
    Eigen::Map<Eigen::MatrixXf> residuals(smooth_residuals_.data(), size, columns);
    Eigen::Map<Eigen::MatrixXf> pulled_back(smooth_pulled_back_.data(), size, columns);
    residuals.noalias() = r.middleCols(first, near) * smooth.block(first, begin, near, columns);
    pulled_back.noalias() = u.middleCols(first, near) * smooth.block(first, begin, near, columns);
    for (Eigen::Index i = 0; i < columns; ++i) {
      for (Eigen::Index f = 0; f < size; f += kTileRows) {
        const auto one = [&](const auto& matrix, Eigen::Index b) {
          return matrix.col(b).template segment<kTileRows>(f).array();
        };
        of_blocks.col(begin + i).array() +=
            one(u, begin + i) * one(residuals, i) - one(r, begin + i) * one(pulled_back, i);
      }
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
        fill_slopes(blocks.size(), density, bandwidth, slopes);
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
