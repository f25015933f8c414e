#include "objective/normal_equations.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <limits>

#include "core/stop.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi {

namespace {

constexpr auto kRows = static_cast<Eigen::Index>(kernels::kTileRows);
using Matrix = Eigen::Map<const Eigen::MatrixXf>;
using Product = Eigen::Map<Eigen::MatrixXf, Eigen::AlignedMax>;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

}  // namespace

NormalEquations::NormalEquations(std::size_t unknowns, std::size_t targets)
    : unknowns_(unknowns), targets_(targets), gram_(unknowns * (unknowns + 1) / 2), along_(unknowns * targets) {}

void NormalEquations::add_slopes(std::span<const float> slopes) {
  const Matrix a(slopes.data(), kRows, index(unknowns_));
  product_.resize(unknowns_ * unknowns_);
  Product product(product_.data(), index(unknowns_), index(unknowns_));
  product.noalias() = a.transpose() * a;
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < product.rows(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) gram_.add(at++, product(i, j));
  }
}

void NormalEquations::add_targets(std::span<const float> slopes, const float* targets, std::size_t stride) {
  const Matrix a(slopes.data(), kRows, index(unknowns_));
  const Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>> e(targets, kRows, index(targets_),
                                                                     Eigen::OuterStride<>(index(stride)));
  product_.resize(unknowns_ * targets_);
  Product product(product_.data(), index(unknowns_), index(targets_));
  product.noalias() = a.transpose() * e;
  for (std::size_t i = 0; i < product_.size(); ++i) along_.add(i, product_[i]);
}

void NormalEquations::reduce(Evaluator& evaluator) {
  evaluator.reduce(gram_);
  evaluator.reduce(along_);
}

NormalEquations::System NormalEquations::system() const {
  const Eigen::Index unknowns = index(unknowns_);
  System system{Eigen::MatrixXd(unknowns, unknowns), Eigen::MatrixXd(unknowns, index(targets_))};
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < unknowns; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) system.normal(i, j) = system.normal(j, i) = gram_.value(at++);
  }
  for (Eigen::Index i = 0; i < system.along.size(); ++i)
    system.along.data()[i] = along_.value(static_cast<std::size_t>(i));
  return system;
}

NormalEquations::System NormalEquations::damped(double damping, double flat_damping) const {
  System sums = system();
  const Eigen::VectorXd own = sums.normal.diagonal();
  const double mean = std::max(own.mean(), std::numeric_limits<double>::min());
  sums.normal.diagonal().array() += damping * (own.array() * mean).sqrt() + flat_damping * mean;
  return sums;
}

NormalEquations::Solution NormalEquations::solve(double damping, double flat_damping) const {
  const auto [normal, along] = damped(damping, flat_damping);
  const Eigen::LDLT<Eigen::MatrixXd> factors = normal.ldlt();
  // Of very many targets so many at once that a stop is heard in between.
  constexpr Eigen::Index kMultiplications = Eigen::Index{2} << 30;
  const Eigen::Index most = std::max<Eigen::Index>(1, kMultiplications / (normal.size() + 1));
  Eigen::MatrixXd steps(along.rows(), along.cols());
  for (Eigen::Index first = 0; first < along.cols() && !stop_heard(); first += most) {
    const Eigen::Index count = std::min(most, along.cols() - first);
    steps.middleCols(first, count) = -factors.solve(along.middleCols(first, count));
  }
  Solution result;
  result.steps.assign(steps.data(), steps.data() + steps.size());
  for (Eigen::Index target = 0; target < along.cols(); ++target) {
    result.changes.push_back(along.col(target).dot(steps.col(target)));
  }
  return result;
}

NormalEquations::Posterior NormalEquations::posterior(const Prior& prior, double damping, double flat_damping) const {
  System system = damped(damping, flat_damping);
  const Eigen::Map<const Eigen::VectorXd> means(prior.means.data(), index(unknowns_));
  const Eigen::Map<const Eigen::VectorXd> precisions(prior.precisions.data(), index(unknowns_));
  system.normal.diagonal() += precisions;
  const Eigen::LDLT<Eigen::MatrixXd> factors = system.normal.ldlt();
  const Eigen::VectorXd steps = factors.solve(precisions.cwiseProduct(means) - system.along.col(0));
  const Eigen::MatrixXd inverse = factors.solve(Eigen::MatrixXd::Identity(index(unknowns_), index(unknowns_)));
  const Eigen::VectorXd variances = inverse.diagonal();
  return {{steps.data(), steps.data() + steps.size()}, {variances.data(), variances.data() + variances.size()}};
}

}  // namespace kintsugi
