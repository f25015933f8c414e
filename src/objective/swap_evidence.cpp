#include "objective/swap_evidence.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <limits>

#include "core/stop.hpp"
#include "mpi/shared_stop.hpp"
#include "objective/near_pairs.hpp"

namespace kintsugi {

namespace {

std::vector<PositionPair> pairs_of(std::size_t blocks, std::size_t most_pairs) {
  std::size_t reach = blocks - 1;
  while (reach > 1 && near_pairs(blocks, reach).size() > most_pairs) --reach;
  return near_pairs(blocks, reach);
}

/// Products of the pairs' effects, and of the errors behind them, with each other, summed over all rows and channels.
Eigen::MatrixXd gram_matrix(const LinearModel& model, const std::vector<PositionPair>& pairs) {
  const Linearisation& base = model.base();
  const auto last = static_cast<Eigen::Index>(pairs.size());
  const Eigen::Index size = last + 1;
  mpi::ExactSums sums((pairs.size() + 1) * (pairs.size() + 2) / 2);
  const auto for_each_entry = [&](const auto& apply) {
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) apply(at++, i, j);
    }
  };
  Eigen::MatrixXd effects(size, static_cast<Eigen::Index>(kernels::kTileRows));
  Eigen::MatrixXd products(size, size);
  for (std::size_t t = 0; t < base.own.size() && !stop_heard(); ++t) {
    for (std::size_t c = 0; c < base.channels; ++c) {
      effects.setZero();
      for (Eigen::Index i = 0; i < size; ++i) {
        const float* const effect = i == last ? base.errors_of(t, c)
                                              : base.effect(t, c, pairs[static_cast<std::size_t>(i)].first,
                                                            pairs[static_cast<std::size_t>(i)].second);
        for (std::size_t row = 0; row < base.own[t]->rows; ++row) {
          effects(i, static_cast<Eigen::Index>(row)) = effect[row];
        }
      }
      products.noalias() = effects * effects.transpose();
      for_each_entry([&](std::size_t at, Eigen::Index i, Eigen::Index j) { sums.add(at, products(i, j)); });
    }
  }
  model.evaluator().reduce(sums);
  Eigen::MatrixXd gram(size, size);
  for_each_entry([&](std::size_t at, Eigen::Index i, Eigen::Index j) { gram(i, j) = gram(j, i) = sums.value(at); });
  return gram;
}

}  // namespace

SwapEvidence swap_evidence(const LinearModel& model, std::size_t most_pairs) {
  // Tells copies apart; only needs to be well above rounding.
  constexpr double kRidge = 1e-9;
  constexpr double kLeast = std::numeric_limits<double>::min();
  const Linearisation& base = model.base();
  const std::size_t blocks = base.blocks.size();
  SwapEvidence evidence{std::vector<double>(blocks - 1, 0.0), std::vector<double>(blocks - 1, 0.0), 0};
  const std::vector<PositionPair> pairs = pairs_of(blocks, most_pairs);
  const std::size_t predictions = model.evaluator().rows().rows_in(base.tiles) * base.channels;
  if (predictions <= pairs.size()) return evidence;
  const Eigen::MatrixXd all = gram_matrix(model, pairs);
  const auto count = static_cast<Eigen::Index>(pairs.size());
  const Eigen::VectorXd length = all.diagonal().head(count).cwiseSqrt().cwiseMax(kLeast);
  Eigen::MatrixXd gram =
      length.cwiseInverse().asDiagonal() * all.topLeftCorner(count, count) * length.cwiseInverse().asDiagonal();
  gram.diagonal().array() += kRidge;
  const Eigen::LDLT<Eigen::MatrixXd> factors = gram.ldlt();
  const Eigen::VectorXd along = all.col(count).head(count).cwiseQuotient(length);
  const Eigen::VectorXd best = factors.solve(along);
  evidence.variance =
      std::max(0.0, all(count, count) - along.dot(best)) / static_cast<double>(predictions - pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].second != pairs[i].first + 1 || stop_heard()) continue;
    const auto at = static_cast<Eigen::Index>(i);
    // What others leave of a feature is the inverse of its entry in the inverse.
    const double left = 1 / factors.solve(Eigen::VectorXd::Unit(gram.rows(), at))[at];
    if (left <= 2 * kRidge) continue;
    evidence.squares[pairs[i].first] = left * length[at] * length[at];
    evidence.rise[pairs[i].first] = left * length[at] * (length[at] + 2 * best[at]);
  }
  mpi::stop_together(model.evaluator().island());
  return evidence;
}

}  // namespace kintsugi
