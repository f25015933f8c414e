#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "mpi/exact_sums.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// Damped least squares: the step s of U unknowns that lowers |e + A s|^2, for some targets e [rows] and slopes A
/// [rows x U] over the rows of all tiles. Their products A^T A and A^T e are summed exactly, so that all ranks find the
/// same steps on every grid. U^2 / 2 exact sums of memory; U^2 operations a row and U^3 / 3 to solve.
class NormalEquations {
 public:
  NormalEquations(std::size_t unknowns, std::size_t targets);

  /// Adds a tile's slopes to A^T A: [unknowns][kTileRows]. Not collective.
  void add_slopes(std::span<const float> slopes);
  /// Adds a tile's targets to A^T e: [targets][kTileRows], each `stride` numbers behind the one before. Not collective.
  void add_targets(std::span<const float> slopes, const float* targets, std::size_t stride);
  /// Adds the ranks' sums up. Collective.
  void reduce(Evaluator& evaluator);

  /// The sums themselves. Not collective.
  struct System {
    Eigen::MatrixXd normal;  ///< A^T A: [unknowns][unknowns]
    Eigen::MatrixXd along;   ///< A^T e: [unknowns][targets]
  };
  [[nodiscard]] System system() const;

  struct Solution {
    std::vector<double> steps;    ///< [targets][unknowns]
    std::vector<double> changes;  ///< of each target's sum of squares by its step, to first order: at most 0
  };
  /// The steps under a diagonal that is raised by `damping` times the geometric mean of the entry and the mean entry,
  /// and by `flat_damping` times the mean entry: between Levenberg's damping (Quart. Appl. Math. 2, 1944), under which
  /// unknowns with small slopes never move, and Marquardt's (J. SIAM 11, 1963), under which they follow every chance.
  /// Not finite where a sum overflowed. Not collective.
  [[nodiscard]] Solution solve(double damping, double flat_damping) const;

  /// What is known of the unknowns beforehand: s ~ N(mean, 1 / precision), each on its own, in units where the errors'
  /// variance is 1.
  struct Prior {
    std::vector<double> means;
    std::vector<double> precisions;
  };
  /// The posterior of the steps for the first target: Bayesian linear regression (Lindley, Smith, J. R. Stat. Soc. B
  /// 34, 1972), damped as in solve().
  struct Posterior {
    std::vector<double> means;
    std::vector<double> variances;
  };
  [[nodiscard]] Posterior posterior(const Prior& prior, double damping, double flat_damping) const;

 private:
  [[nodiscard]] System damped(double damping, double flat_damping) const;

  std::size_t unknowns_;
  std::size_t targets_;
  mpi::ExactSums gram_;          // the lower triangle of A^T A, row by row
  mpi::ExactSums along_;         // A^T e: [targets][unknowns]
  kernels::TileBuffer product_;  // of one tile
};

}  // namespace kintsugi
