#pragma once

#include <Eigen/Core>
#include <optional>

#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// What is believed of the positions of some blocks: a normal density.
struct PositionBelief {
  Eigen::VectorXd mean;        ///< [blocks]
  Eigen::MatrixXd covariance;  ///< [blocks][blocks]
  double deviation = 0;        ///< of a block's position, in the mean, as the data leave it
  double surprise = 0;         ///< how much larger the noise has to be than it was found, for the data to be likely
};

/// Orders that were drawn, and what came of them.
struct DrawnOrders {
  Eigen::MatrixXd positions;    ///< [orders][blocks]
  Eigen::MatrixXd differences;  ///< [orders][entries]: network - data
};

/// What the data make of the belief that the orders were drawn from, by statistical linearisation: a linear model of
/// the differences in the positions is fitted to the orders, and what it misses, with its covariance over the entries,
/// is the noise of a Kalman update (García-Fernández, Svensson, Morelande, Särkkä: Posterior linearization filter, IEEE
/// Trans. Signal Process. 63, 2015). Nearly all that it misses lies in a few directions; what the others say counts.
///
/// The inverse of a covariance that was estimated is too large by a known factor (Hartlap, Simon, Schneider, Astron.
/// Astrophys. 464, 2007); the noise counts as so much larger, and as large as it takes for the data to be likely
/// (Iglesias, Yang: Adaptive regularisation for ensemble Kalman inversion, Inverse Problems 37, 2021).
///
/// Slopes that are fitted to few orders are noisy, and noise counts as knowledge: without any slope, so many entries on
/// so many orders would narrow the belief. So the singular values of the slopes, whitened, are shrunk to what is
/// likeliest behind them (Gavish, Donoho: Optimal shrinkage of singular values, IEEE Trans. Inf. Theory 63, 2017).
///
/// Deviations come out larger than the data leave them by the factor `inflation`. Nothing where there are too few
/// orders, or numbers that are not finite. Not collective.
[[nodiscard]] std::optional<PositionBelief> updated_belief(const DrawnOrders& drawn, double inflation,
                                                           const EnsembleParameters& parameters);

}  // namespace kintsugi
