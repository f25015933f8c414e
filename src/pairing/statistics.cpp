#include "pairing/statistics.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/layout.hpp"
#include "pairing/normal_scores.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

// Gram matrices of the hidden side, rows [first, first + kGramRows) and columns from `first` on, one piece per column
// of `slab`. `doubled` doubles what lies right of the diagonal block. Returns the squared norms of this part.
template <class GramPart>
void pack_gram(Eigen::MatrixXf& slab, Index pieces, Index first, Index hidden, bool doubled, Eigen::VectorXd& squares,
               const GramPart& part) {
  const Index rows = std::min(kGramRows, hidden - first);
  const Index columns = hidden - first;
  slab.resize(rows * columns + kPadding, pieces);
  for (Index p = 0; p < pieces; ++p) {
    Eigen::Map<Eigen::MatrixXf> block(slab.col(p).data(), rows, columns);
    part(p, first, rows, block);
    const double diagonal = block.leftCols(rows).squaredNorm();
    const double right = block.rightCols(columns - rows).squaredNorm();
    squares(p) += diagonal + 2 * right;
    if (doubled) block.rightCols(columns - rows) *= 2;
  }
}

Table squared_norms(const PairTable& pairs, const Group& group, double norm_rounding) {
  const auto rows = static_cast<Index>(group.rows.size());
  const auto columns = static_cast<Index>(group.columns.size());
  const auto hidden = static_cast<Index>(group.hidden);
  Table sums = Table::Zero(rows, columns);
  Eigen::VectorXd row_squares = Eigen::VectorXd::Zero(rows);
  Eigen::VectorXd column_squares = Eigen::VectorXd::Zero(columns);
  Eigen::MatrixXf left;
  Eigen::MatrixXf right;
  for (Index first = 0; first < hidden; first += kGramRows) {
    throw_if_stopped();
    pack_gram(left, rows, first, hidden, true, row_squares, [&](Index p, Index at, Index count, auto& block) {
      const PieceMap w = weight_of(pairs.expand(group.rows[static_cast<std::size_t>(p)]));
      block.noalias() = w.middleRows(at, count) * w.bottomRows(hidden - at).transpose();
    });
    pack_gram(right, columns, first, hidden, false, column_squares, [&](Index p, Index at, Index count, auto& block) {
      const PieceMap w = weight_of(pairs.compress(group.columns[static_cast<std::size_t>(p)]));
      block.noalias() = w.middleCols(at, count).transpose() * w.rightCols(hidden - at);
    });
    const Index used = left.rows() - kPadding;
    sums += (left.topRows(used).transpose() * right.topRows(used)).cast<double>();
  }
  const Table floor = norm_rounding * row_squares.cwiseSqrt() * column_squares.cwiseSqrt().transpose();
  return sums.cwiseMax(floor);
}

std::vector<double> row_norms(const Piece& piece) {
  const Eigen::VectorXd norms = weight_of(piece).cast<double>().rowwise().norm();
  return {norms.begin(), norms.end()};
}

std::vector<double> column_norms(const Piece& piece) {
  const Eigen::VectorXd norms = weight_of(piece).cast<double>().colwise().norm();
  return {norms.begin(), norms.end()};
}

}  // namespace

PairTable::PairTable(const Network& network, std::span<const int> expand, std::span<const int> compress) {
  std::map<std::size_t, Group> groups;
  const auto check = [&](const Piece& piece, std::size_t width) {
    if (width_ == 0) width_ = width;
    if (width != width_) throw InternalError("pairing: the width of " + piece.source + " is not that of the others");
  };
  for (const int position : expand) {
    const Piece& piece = network.pieces[static_cast<std::size_t>(position)];
    check(piece, piece.in);
    groups[piece.out].rows.push_back(expand_.size());
    expand_.push_back(&piece);
  }
  for (const int position : compress) {
    const Piece& piece = network.pieces[static_cast<std::size_t>(position)];
    check(piece, piece.out);
    groups[piece.in].columns.push_back(compress_.size());
    compress_.push_back(&piece);
  }
  for (auto& [hidden, group] : groups) {
    group.hidden = hidden;
    if (!group.rows.empty() && !group.columns.empty()) groups_.push_back(std::move(group));
  }
}

Table PairTable::zeros() const { return Table::Zero(static_cast<Index>(rows()), static_cast<Index>(columns())); }

Table PairTable::within_groups(const Table& values) const {
  Table result = Table::Constant(values.rows(), values.cols(), -std::numeric_limits<double>::infinity());
  for (const Group& group : groups_) {
    for (const std::size_t i : group.rows) {
      for (const std::size_t j : group.columns) {
        result(static_cast<Index>(i), static_cast<Index>(j)) = values(static_cast<Index>(i), static_cast<Index>(j));
      }
    }
  }
  return result;
}

Table inner_products(std::span<const PieceMap> left, std::span<const PieceMap> right, bool transposed) {
  const auto rows = static_cast<Index>(left.size());
  const auto columns = static_cast<Index>(right.size());
  Table sums = Table::Zero(rows, columns);
  if (rows == 0 || columns == 0) return sums;
  const Index height = left[0].rows();
  const Index width = left[0].cols();
  const Index depth = std::max(kSlabFloats / std::max(rows, columns), kSlabDepth);
  const Index step = std::clamp<Index>(depth / std::max<Index>(1, width), 1, height);
  Eigen::MatrixXf a;
  Eigen::MatrixXf b;
  for (Index first = 0; first < height; first += step) {
    throw_if_stopped();
    const Index count = std::min(step, height - first);
    a.resize(count * width + kPadding, rows);
    b.resize(count * width + kPadding, columns);
    for (Index i = 0; i < rows; ++i) {
      Eigen::Map<MatrixF>(a.col(i).data(), count, width) = left[static_cast<std::size_t>(i)].middleRows(first, count);
    }
    for (Index j = 0; j < columns; ++j) {
      const PieceMap& w = right[static_cast<std::size_t>(j)];
      Eigen::Map<MatrixF> packed(b.col(j).data(), count, width);
      if (transposed) {
        packed = w.middleCols(first, count).transpose();
      } else {
        packed = w.middleRows(first, count);
      }
    }
    sums += (a.topRows(count * width).transpose() * b.topRows(count * width)).cast<double>();
  }
  return sums;
}

ProductStatistics measure_products(const PairTable& pairs, double norm_rounding) {
  ProductStatistics result{pairs.zeros(), pairs.zeros()};
  for (const Group& group : pairs.groups()) {
    std::vector<PieceMap> expand;
    std::vector<PieceMap> compress;
    for (const std::size_t i : group.rows) expand.push_back(weight_of(pairs.expand(i)));
    for (const std::size_t j : group.columns) compress.push_back(weight_of(pairs.compress(j)));
    result.trace(group.rows, group.columns) = inner_products(expand, compress, true);
    result.norm(group.rows, group.columns) = squared_norms(pairs, group, norm_rounding).cwiseSqrt();
  }
  return result;
}

Table measure_balance(const PairTable& pairs) {
  Table result = pairs.zeros();
  for (const Group& group : pairs.groups()) {
    const NormalScores scores(group.hidden);
    const auto hidden = static_cast<Index>(group.hidden);
    Eigen::MatrixXd incoming(hidden, static_cast<Index>(group.rows.size()));
    Eigen::MatrixXd outgoing(hidden, static_cast<Index>(group.columns.size()));
    for (std::size_t i = 0; i < group.rows.size(); ++i) {
      incoming.col(static_cast<Index>(i)) = scores.of(row_norms(pairs.expand(group.rows[i])));
    }
    for (std::size_t j = 0; j < group.columns.size(); ++j) {
      outgoing.col(static_cast<Index>(j)) = scores.of(column_norms(pairs.compress(group.columns[j])));
    }
    // Laid out as the result is: the other way round, products are rounded differently.
    result(group.rows, group.columns) = Table(incoming.transpose() * outgoing);
  }
  return result;
}

}  // namespace kintsugi::pairing
