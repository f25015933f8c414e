#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "objective/first_order_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Blocks at most so many places apart; of all such pairs, at most so many, evenly.
constexpr std::size_t kNearPairs = 3;
constexpr std::size_t kMostPairs = 192;
// Standard deviations of R^2 that count as chance, and rows there must be per feature.
constexpr double kChance = 5;
constexpr double kRowsPerFeature = 8;
constexpr double kRidge = 1e-10;

std::vector<std::pair<int, int>> near_pairs(std::size_t blocks) {
  std::vector<std::pair<int, int>> all;
  for (std::size_t a = 0; a < blocks; ++a) {
    for (std::size_t b = a + 1; b < std::min(blocks, a + kNearPairs + 1); ++b) {
      all.emplace_back(static_cast<int>(a), static_cast<int>(b));
    }
  }
  if (all.size() <= kMostPairs) return all;
  std::vector<std::pair<int, int>> some;
  for (std::size_t i = 0; i < kMostPairs; ++i) some.push_back(all[i * all.size() / kMostPairs]);
  return some;
}

}  // namespace

void FirstOrderModel::features(const Tile& tile, std::size_t channel, std::span<const std::pair<int, int>> pairs,
                               std::span<double> values) const {
  const std::size_t width = evaluator_->weights().roles().width;
  const std::size_t blocks = base_blocks_.size();
  const float* const effects = effects_.data() + tile.effects + channel * blocks * blocks * kTileRows;
  std::size_t at = 0;
  const auto put = [&](double value) { values[at++] = value; };
  for (std::size_t row = 0; row < tile.rows->rows; ++row) {
    put(1);
    for (std::size_t f = 0; f < width; ++f) put(tile.rows->inputs[f * kTileRows + row]);
    for (const auto& [a, b] : pairs) {
      put(effects[(static_cast<std::size_t>(a) * blocks + static_cast<std::size_t>(b)) * kTileRows + row]);
    }
    put(base_errors_[tile.errors + channel * kTileRows + row]);
  }
}

FirstOrderModel::Explained FirstOrderModel::explain_errors() {
  const std::vector<std::pair<int, int>> pairs = near_pairs(base_blocks_.size());
  const auto count = static_cast<Eigen::Index>(1 + evaluator_->weights().roles().width + pairs.size());
  const auto entries = static_cast<std::size_t>((count + 1) * (count + 2) / 2);
  mpi::ExactSums sums(entries);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    Eigen::MatrixXd values(count + 1, static_cast<Eigen::Index>(kTileRows));
    Eigen::MatrixXd products(count + 1, count + 1);
    for (const Tile& tile : own_) {
      for (std::size_t c = 0; c < channels_; ++c) {
        features(tile, c, pairs, std::span(values.data(), static_cast<std::size_t>(values.size())));
        const auto used = values.leftCols(static_cast<Eigen::Index>(tile.rows->rows));
        products.noalias() = used * used.transpose();
        std::size_t at = 0;
        for (Eigen::Index i = 0; i <= count; ++i) {
          for (Eigen::Index j = 0; j <= i; ++j) sums.add(at++, products(i, j));
        }
      }
    }
  }
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    sums.reduce(evaluator_->island());
  }
  Eigen::MatrixXd gram(count + 1, count + 1);
  std::size_t at = 0;
  for (Eigen::Index i = 0; i <= count; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) gram(i, j) = gram(j, i) = sums.value(at++);
  }
  // Features of unit length; copies among them are told apart by the ridge only.
  const Eigen::VectorXd length = gram.diagonal().head(count).cwiseSqrt().cwiseMax(1e-300);
  Eigen::MatrixXd normal = gram.topLeftCorner(count, count);
  normal = length.cwiseInverse().asDiagonal() * normal * length.cwiseInverse().asDiagonal();
  normal.diagonal().array() += kRidge;
  const Eigen::VectorXd target = gram.col(count).head(count).cwiseQuotient(length);
  const double total = gram(count, count);

  Explained result;
  if (!(total > 0) || !std::isfinite(total)) return result;
  result.share = target.dot(normal.ldlt().solve(target)) / total;
  const auto rows = static_cast<double>(evaluator_->rows().rows_in(tiles_) * channels_);
  const auto parameters = static_cast<double>(count);
  // For errors without a cause R^2 has a beta distribution with this mean and about this variance.
  result.by_chance = parameters / rows + kChance * std::sqrt(2 * parameters) / rows;
  result.noise = rows >= kRowsPerFeature * parameters && result.share < result.by_chance;
  return result;
}

FirstOrderModel::Explained FirstOrderModel::explain_errors(const Blocks& blocks) {
  return linearise(blocks, evaluator_->rows().tiles(), 1) ? explain_errors() : Explained{};
}

std::vector<FirstOrderModel::SwapChange> FirstOrderModel::swap_changes() {
  const std::size_t blocks = base_blocks_.size();
  if (blocks < 2) return {};
  mpi::ExactSums sums(2 * (blocks - 1));
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    for (const Tile& tile : own_) {
      for (std::size_t a = 0; a + 1 < blocks; ++a) {
        double change[kTileRows] = {};
        for (std::size_t c = 0; c < channels_; ++c) {
          const float* const effect = effects_.data() + tile.effects + ((c * blocks + a) * blocks + a + 1) * kTileRows;
          const float* const errors = base_errors_.data() + tile.errors + c * kTileRows;
          for (std::size_t row = 0; row < kTileRows; ++row) {
            change[row] += (2.0 * errors[row] + effect[row]) * effect[row];
          }
        }
        double sum = 0;
        double squares = 0;
        for (std::size_t row = 0; row < tile.rows->rows; ++row) {
          sum += change[row];
          squares += change[row] * change[row];
        }
        sums.add(2 * a, sum);
        sums.add(2 * a + 1, squares);
      }
    }
  }
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    sums.reduce(evaluator_->island());
  }
  const auto rows = static_cast<double>(evaluator_->rows().rows_in(tiles_));
  const auto outputs = static_cast<double>(evaluator_->weights().roles().outputs);
  std::vector<SwapChange> result;
  for (std::size_t a = 0; a + 1 < blocks; ++a) {
    const double mean = sums.value(2 * a) / rows;
    const double variance = std::max(0.0, sums.value(2 * a + 1) / rows - mean * mean);
    result.push_back({mean / outputs, std::sqrt(variance / std::max(1.0, rows - 1)) / outputs});
  }
  return result;
}

}  // namespace kintsugi
