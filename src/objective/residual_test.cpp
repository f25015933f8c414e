#include "objective/residual_test.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/stop.hpp"
#include "objective/near_pairs.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// The pairs within reach; of more than most_pairs, as many evenly.
std::vector<PositionPair> chosen_pairs(std::size_t blocks, const ResidualTestParameters& parameters) {
  std::vector<PositionPair> all = near_pairs(blocks, parameters.reach);
  const std::size_t most = parameters.most_pairs;
  if (all.size() <= most) return all;
  std::vector<PositionPair> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * all.size() / most]);
  return some;
}

// For each real row of a tile: 1, the inputs, the effects of `pairs`, and the error.
void fill_features(const Linearisation& base, std::size_t tile, std::size_t channel, std::size_t width,
                   std::span<const PositionPair> pairs, std::span<double> values) {
  const RowTile& rows = *base.own[tile];
  std::size_t at = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    values[at++] = 1;
    for (std::size_t f = 0; f < width; ++f) values[at++] = rows.inputs[f * kTileRows + row];
    for (const auto& [a, b] : pairs) values[at++] = base.effect(tile, channel, a, b)[row];
    values[at++] = base.errors_of(tile, channel)[row];
  }
}

// Products of the features and the error with each other, summed over all rows: of each channel.
std::vector<Eigen::MatrixXd> gram_matrices(const LinearModel& model, std::span<const PositionPair> pairs) {
  const Linearisation& base = model.base();
  Evaluator& evaluator = model.evaluator();
  const std::size_t width = evaluator.weights().roles().width;
  const auto size = static_cast<Eigen::Index>(1 + width + pairs.size() + 1);
  const auto entries = static_cast<std::size_t>(size * (size + 1) / 2);
  mpi::ExactSums sums(entries * base.channels);
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    Eigen::MatrixXd values(size, static_cast<Eigen::Index>(kTileRows));
    Eigen::MatrixXd products(size, size);
    for (std::size_t t = 0; t < base.own.size() && !stop_heard(); ++t) {
      for (std::size_t c = 0; c < base.channels; ++c) {
        fill_features(base, t, c, width, pairs, std::span(values.data(), static_cast<std::size_t>(values.size())));
        const auto used = values.leftCols(static_cast<Eigen::Index>(base.own[t]->rows));
        products.noalias() = used * used.transpose();
        std::size_t at = c * entries;
        for (Eigen::Index i = 0; i < size; ++i) {
          for (Eigen::Index j = 0; j <= i; ++j) sums.add(at++, products(i, j));
        }
      }
    }
  }
  evaluator.reduce(sums);
  std::vector<Eigen::MatrixXd> grams;
  grams.reserve(base.channels);
  std::size_t at = 0;
  for (std::size_t c = 0; c < base.channels; ++c) {
    Eigen::MatrixXd& gram = grams.emplace_back(size, size);
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) gram(i, j) = gram(j, i) = sums.value(at++);
    }
  }
  return grams;
}

// R^2 of the regression of the last variable on all others.
double explained_share(const Eigen::MatrixXd& gram, double ridge) {
  const Eigen::Index count = gram.rows() - 1;
  // Features of unit length; copies among them are told apart by the ridge only.
  const Eigen::VectorXd length = gram.diagonal().head(count).cwiseSqrt().cwiseMax(std::numeric_limits<double>::min());
  Eigen::MatrixXd normal = gram.topLeftCorner(count, count);
  normal = length.cwiseInverse().asDiagonal() * normal * length.cwiseInverse().asDiagonal();
  normal.diagonal().array() += ridge;
  const Eigen::VectorXd target = gram.col(count).head(count).cwiseQuotient(length);
  return target.dot(normal.ldlt().solve(target)) / gram(count, count);
}

}  // namespace

ResidualTest test_residuals(const LinearModel& model, const ResidualTestParameters& parameters) {
  const std::vector<PositionPair> pairs = chosen_pairs(model.base().blocks.size(), parameters);
  const std::vector<Eigen::MatrixXd> grams = gram_matrices(model, pairs);
  Eigen::MatrixXd gram = grams.front();
  for (std::size_t c = 1; c < grams.size(); ++c) gram += grams[c];
  const Eigen::Index features = gram.rows() - 1;
  const double total = gram(features, features);
  ResidualTest result;
  if (!(total > 0) || !std::isfinite(total)) return result;
  result.r_squared = explained_share(gram, parameters.ridge);
  const auto rows = static_cast<double>(model.evaluator().rows().rows_in(model.base().tiles) * model.base().channels);
  const auto count = static_cast<double>(features);
  // Mean, and about the variance, of the beta distribution.
  result.threshold = count / rows + parameters.deviations * std::sqrt(2 * count) / rows;
  result.noise = rows >= parameters.rows_per_feature * count && result.r_squared < result.threshold;
  // The noise of one output may hide what is left in another.
  const double each = rows / static_cast<double>(grams.size());
  const double threshold = count / each + parameters.deviations * std::sqrt(2 * count) / each;
  for (std::size_t c = 0; c < grams.size() && grams.size() > 1 && result.noise; ++c) {
    const double left = grams[c](features, features);
    result.noise = !(left > 0) || explained_share(grams[c], parameters.ridge) < threshold;
  }
  return result;
}

ResidualTest test_residuals(LinearModel& model, const Blocks& blocks, const ResidualTestParameters& parameters) {
  if (!model.linearise(blocks, model.evaluator().rows().tiles(), 1)) return {};
  return test_residuals(model, parameters);
}

}  // namespace kintsugi
