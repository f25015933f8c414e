#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "kintsugi/core/piece.hpp"

namespace kintsugi::pairing {

/// One number per pair, [expand x compress].
using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using PieceMap = Eigen::Map<const MatrixF>;

[[nodiscard]] inline PieceMap weight_of(const Piece& piece) {
  return {piece.weight.data(), static_cast<Eigen::Index>(piece.out), static_cast<Eigen::Index>(piece.in)};
}

/// The pieces that share a hidden size, by place in the lists of expand and compress pieces. Only they can pair.
struct Group {
  std::size_t hidden = 0;
  std::vector<std::size_t> rows;     ///< places in the list of expand pieces, ascending
  std::vector<std::size_t> columns;  ///< places in the list of compress pieces, ascending
};

/// What is to be paired: expand pieces [h x d] as rows, compress pieces [d x h] as columns.
class PairTable {
 public:
  /// Both lists are positions in network.pieces. Throws InternalError where the widths differ.
  PairTable(const Network& network, std::span<const int> expand, std::span<const int> compress);

  [[nodiscard]] std::size_t rows() const { return expand_.size(); }
  [[nodiscard]] std::size_t columns() const { return compress_.size(); }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] const Piece& expand(std::size_t row) const { return *expand_[row]; }
  [[nodiscard]] const Piece& compress(std::size_t column) const { return *compress_[column]; }
  [[nodiscard]] std::size_t hidden(std::size_t row) const { return expand_[row]->out; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

  /// A table of zeros.
  [[nodiscard]] Table zeros() const;
  /// `values` where the hidden sizes agree, -infinity elsewhere.
  [[nodiscard]] Table within_groups(const Table& values) const;

 private:
  std::vector<const Piece*> expand_;
  std::vector<const Piece*> compress_;
  std::size_t width_ = 0;
  std::vector<Group> groups_;  // ascending by hidden size
};

/// tr P and ||P||_F of every pair's product P = W_out W_in, without forming any: with W_in and W_out^T flattened, all
/// traces are one matrix product, and as ||P||_F^2 = <W_out^T W_out, W_in W_in^T>, so are all norms, of the Gram
/// matrices [h x h]. 2 L^2 h d + L^2 h^2 flops, worked through in slabs of bounded memory; float32 products, float64
/// sums of slabs. PairingParameters has `norm_rounding`.
struct ProductStatistics {
  Table trace;
  Table norm;
};
[[nodiscard]] ProductStatistics measure_products(const PairTable& pairs, double norm_rounding);

/// Correlation of the hidden units' incoming weights (norms of W_in's rows) with their outgoing weights (norms of
/// W_out's columns), both replaced by normal scores of their ranks. Pairs outside the groups have 0.
[[nodiscard]] Table measure_balance(const PairTable& pairs);

/// Scores that need every product itself: 2 L^2 h d^2 flops, in slabs of bounded memory.
enum class ProductScore { diagonal_ratio, asymmetry };
[[nodiscard]] Table measure_full_products(const PairTable& pairs, ProductScore score);

/// result(i, j) = <left[i], right[j]>, the sums of element-wise products, by matrix products over slabs of bounded
/// memory. `left` are all of one shape; `right` of the same, or, with `transposed`, of the transposed one.
[[nodiscard]] Table inner_products(std::span<const PieceMap> left, std::span<const PieceMap> right, bool transposed);

}  // namespace kintsugi::pairing
