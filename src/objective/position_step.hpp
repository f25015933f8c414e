#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/depth_smoothing.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/normal_equations.hpp"

namespace kintsugi {

/// The Gauss-Newton step in the positions of all blocks at once.
///
/// 1. A block's position counts as a real number: of two blocks x positions apart, that their pair has changed sides
///    counts by the normal distribution's share at x / bandwidth. So a row's error becomes smooth in the positions.
/// 2. Its slopes need no effects of pairs, only the residuals and adjoints smoothed along the depth.
/// 3. The damped normal equations (see NormalEquations) give how far each block is to move.
///
/// With L blocks of width d, N rows and C channels: (1 + 2 C) L block evaluations, at most 4 C N L^2 d operations for
/// the smoothing (of many blocks far less: see DepthSmoothing) and C N L^2 for the equations; 6 L d floats for
/// each row of a tile and L^2 / 2 exact sums of memory.
class PositionStep {
 public:
  /// `evaluator` must outlive it. Not collective.
  explicit PositionStep(Evaluator& evaluator, const PositionStepParameters& parameters = {});

  struct Result {
    double mse = 0;  ///< of the order itself; not finite where it overflows
    /// How far each block is to move, in positions; by position. Not finite where the slopes overflow, empty where the
    /// MSE does.
    std::vector<double> shifts;
  };
  /// The step at `blocks` on the first `tiles` tiles. Collective over the evaluator's island; equal results on all
  /// ranks and grids.
  [[nodiscard]] Result solve(const Blocks& blocks, std::size_t tiles, double bandwidth, double damping);

  /// What is known of the blocks' positions besides the data: how far each one is expected to be from where it is, in
  /// positions, give or take a standard deviation; by position.
  struct Prior {
    std::vector<double> shifts;
    std::vector<double> deviations;
  };
  /// The same under a prior. The errors count as independent, with this variance, or the order's own MSE where it is 0.
  struct Posterior {
    Result step;
    std::vector<double> deviations;  ///< of the shifts, afterwards
  };
  struct Equations {
    NormalEquations normal;
    double mse = 0;  ///< of the order itself; not finite where it overflows
  };
  /// Collective over the evaluator's island; equal results on all ranks and grids.
  [[nodiscard]] Equations equations(const Blocks& blocks, std::size_t tiles, double bandwidth);
  /// Not collective.
  [[nodiscard]] Posterior posterior(const Equations& equations, double damping, const Prior& prior,
                                    double variance = 0) const;

 private:
  void fill_slopes(std::size_t blocks, const DepthSmoothing& smoothing, std::span<float> slopes);

  Evaluator* evaluator_;
  PositionStepParameters parameters_;
  ForwardBackward passes_;
  kernels::TileBuffer smooth_residuals_, smooth_pulled_back_;
  Eigen::MatrixXf grid_residuals_, grid_pulled_back_;
};

}  // namespace kintsugi
