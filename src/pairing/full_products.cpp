#include <algorithm>
#include <cmath>

#include "core/stop.hpp"
#include "pairing/layout.hpp"
#include "pairing/statistics.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

using Product = Eigen::Ref<const Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

// mean |P_ii| / mean |P_ij|, i != j. 0 where there is nothing off the diagonal.
double diagonal_ratio(const Product& p) {
  const auto d = static_cast<double>(p.rows());
  const double diagonal = static_cast<double>(p.diagonal().cwiseAbs().sum());
  const double rest = static_cast<double>(p.cwiseAbs().sum()) - diagonal;
  return rest > 0 ? (diagonal / d) / (rest / (d * (d - 1))) : 0;
}

// 1 - ||P - P^T||_F / (2 ||P||_F), with ||P - P^T||^2 = 2 ||P||^2 - 2 tr(P P).
double asymmetry(const Product& p) {
  const auto square = static_cast<double>(p.squaredNorm());
  if (square <= 0) return 0;
  const auto trace = static_cast<double>(p.cwiseProduct(p.transpose()).sum());
  return 1 - std::sqrt(std::max(0.0, 2 * square - 2 * trace)) / (2 * std::sqrt(square));
}

// Scores group.rows[row_first ...] against group.columns[column_first ...] by one product of stacked pieces.
struct Slab {
  Index row_first, row_count, column_first, column_count;
};

void score_slab(Table& result, const PairTable& pairs, const Group& group, const Slab& slab, ProductScore score) {
  const auto d = static_cast<Index>(pairs.width());
  const auto hidden = static_cast<Index>(group.hidden);
  const auto row = [&](Index i) { return group.rows[static_cast<std::size_t>(slab.row_first + i)]; };
  const auto column = [&](Index j) { return group.columns[static_cast<std::size_t>(slab.column_first + j)]; };
  Eigen::MatrixXf expand(hidden, slab.row_count * d);
  MatrixF compress(slab.column_count * d, hidden);
  for (Index i = 0; i < slab.row_count; ++i) expand.middleCols(i * d, d) = weight_of(pairs.expand(row(i)));
  for (Index j = 0; j < slab.column_count; ++j) {
    compress.middleRows(j * d, d) = weight_of(pairs.compress(column(j)));
  }
  const Eigen::MatrixXf products = compress * expand;
  for (Index i = 0; i < slab.row_count; ++i) {
    for (Index j = 0; j < slab.column_count; ++j) {
      const Product p = products.block(j * d, i * d, d, d);
      result(static_cast<Index>(row(i)), static_cast<Index>(column(j))) =
          score == ProductScore::diagonal_ratio ? diagonal_ratio(p) : asymmetry(p);
    }
  }
}

}  // namespace

Table measure_full_products(const PairTable& pairs, ProductScore score) {
  Table result = pairs.zeros();
  const Index step = std::max<Index>(1, kProductSide / static_cast<Index>(std::max<std::size_t>(1, pairs.width())));
  for (const Group& group : pairs.groups()) {
    const auto rows = static_cast<Index>(group.rows.size());
    const auto columns = static_cast<Index>(group.columns.size());
    for (Index i = 0; i < rows; i += step) {
      throw_if_stopped();
      for (Index j = 0; j < columns; j += step) {
        const Slab slab{i, std::min(step, rows - i), j, std::min(step, columns - j)};
        score_slab(result, pairs, group, slab, score);
      }
    }
  }
  return result;
}

}  // namespace kintsugi::pairing
