#include "search/rounds/position_belief.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A block's variance counts as no less than this, in squared places, and slopes are damped by this share of it.
constexpr double kLeastVariance = 1e-3;
constexpr double kDamping = 1e-2;

// The data as a linear model of the positions, in coordinates where noise and prior have unit covariance and the
// model's axes are its eigenvectors.
struct Whitened {
  MatrixXd basis;      // [blocks][axes]: the axes in positions
  ArrayXd precisions;  // [axes]: what the data say of each
  ArrayXd pulls;       // [axes]: where they draw it, times the precision
  double square = 0;   // of the data
  double entries = 0;
  double freedom = 0;  // of the noise's estimate
};

// How much larger noise of unit covariance comes out where it is whitened by a covariance that was estimated.
double hartlap_factor(const Whitened& data) { return data.freedom / (data.freedom - data.entries - 1); }

// A model that was fitted to few orders has slopes where there are none. Of its singular values, those that such noise
// gives (Marchenko, Pastur) count as none, and larger ones as what is likeliest behind them.
void shrink(Whitened& data) {
  const auto blocks = static_cast<double>(data.precisions.size());
  const double longer = std::max(data.entries, blocks);
  const double ratio = std::min(data.entries, blocks) / longer;
  const double scale = longer * hartlap_factor(data) / data.freedom;
  const double edge = (1 + std::sqrt(ratio)) * (1 + std::sqrt(ratio));
  for (Index axis = 0; axis < data.precisions.size(); ++axis) {
    const double square = data.precisions(axis) / scale;
    const double left = square > edge ? (std::pow(square - ratio - 1, 2) - 4 * ratio) / (square * square) : 0;
    data.precisions(axis) *= left;
    data.pulls(axis) *= std::sqrt(left);
  }
}

std::optional<Whitened> whitened(const DrawnOrders& drawn, const VectorXd& where, double least_noise) {
  const auto orders = static_cast<double>(drawn.positions.rows());
  const Index blocks = drawn.positions.cols();
  const Index entries = drawn.differences.cols();
  const VectorXd middle = drawn.differences.colwise().mean();
  const MatrixXd moved = drawn.positions.rowwise() - where.transpose();
  MatrixXd missed = drawn.differences.rowwise() - middle.transpose();

  MatrixXd prior = moved.transpose() * moved / orders;
  prior.diagonal().array() += kLeastVariance;
  MatrixXd normal = moved.transpose() * moved;
  normal.diagonal() += kDamping * orders * prior.diagonal();
  const MatrixXd slopes = normal.ldlt().solve(moved.transpose() * missed);
  missed.noalias() -= moved * slopes;

  Whitened data;
  data.entries = static_cast<double>(entries);
  data.freedom = orders - static_cast<double>(blocks);
  MatrixXd noise = MatrixXd::Zero(entries, entries);
  noise.selfadjointView<Eigen::Lower>().rankUpdate(missed.transpose(), 1 / data.freedom);
  noise.diagonal().array() += least_noise * noise.trace() / data.entries;
  const Eigen::LLT<MatrixXd> noise_root(noise);
  const Eigen::LLT<MatrixXd> prior_root(prior);
  if (noise_root.info() != Eigen::Success || prior_root.info() != Eigen::Success) return std::nullopt;
  const MatrixXd model = noise_root.matrixL().solve(slopes.transpose()) * MatrixXd(prior_root.matrixL());
  const VectorXd target = noise_root.matrixL().solve(-middle);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> axes(model.transpose() * model);
  if (axes.info() != Eigen::Success) return std::nullopt;
  data.basis = prior_root.matrixL() * axes.eigenvectors();
  data.precisions = axes.eigenvalues().cwiseMax(0);
  data.pulls = axes.eigenvectors().transpose() * (model.transpose() * target);
  data.square = target.squaredNorm();
  shrink(data);
  return data;
}

// How much larger the noise is than its estimate, so that the data are as likely as data are.
double noise_factor(const Whitened& data, double least) {
  const auto misfit = [&](double factor) {
    const double explained = (data.pulls.square() / (data.precisions / factor + 1)).sum() / (factor * factor);
    return (data.square / factor - explained) / data.entries;
  };
  if (!(misfit(least) > 1)) return least;
  double most = least;
  while (misfit(most) > 1) most *= 4;
  constexpr int kHalvings = 40;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::sqrt(least * most);
    (misfit(middle) > 1 ? least : most) = middle;
  }
  return most;
}

}  // namespace

std::optional<PositionBelief> updated_belief(const DrawnOrders& drawn, double inflation,
                                             const EnsembleParameters& parameters) {
  if (drawn.positions.rows() < drawn.positions.cols() + drawn.differences.cols() + 2) return std::nullopt;
  if (!drawn.differences.allFinite()) return std::nullopt;
  const VectorXd where = drawn.positions.colwise().mean();
  const std::optional<Whitened> data = whitened(drawn, where, parameters.least_noise);
  if (!data || !std::isfinite(data->square)) return std::nullopt;
  const double least = hartlap_factor(*data);
  const double factor = noise_factor(*data, least);
  const ArrayXd left = 1 / (data->precisions / factor + 1);
  const ArrayXd kept = (inflation * inflation * left).max(parameters.least_narrowing * parameters.least_narrowing);
  PositionBelief belief;
  belief.surprise = factor / least;
  belief.mean = where + data->basis * (left * data->pulls / factor).matrix();
  belief.covariance = data->basis * kept.matrix().asDiagonal() * data->basis.transpose();
  belief.covariance.diagonal().array() += parameters.least_deviation * parameters.least_deviation / 2;
  belief.deviation = (data->basis.cwiseAbs2() * left.matrix()).cwiseSqrt().mean();
  if (!belief.mean.allFinite() || !belief.covariance.allFinite()) return std::nullopt;
  return belief;
}

}  // namespace kintsugi
