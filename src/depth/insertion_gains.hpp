#pragma once

#include <Eigen/Core>
#include <vector>

namespace kintsugi {

/// A line of blocks, and what its total gains by putting one block elsewhere: the total is the sum over the pairs of
/// blocks of similarity times decay^distance.
///
/// Since the nearness is exponential, a block that comes between two others, or goes, multiplies their term by `decay`
/// or 1 / decay. Sums over all pairs across two gaps of the line, kept as a table, then give all gains of a block in
/// O(L) operations; a move costs the O(L^2) of a new table. Not collective.
class InsertionGains {
 public:
  /// `similarity`: [L][L], symmetric; `order`: L numbers of its rows; `decay`: in (0, 1).
  InsertionGains(const Eigen::MatrixXd& similarity, const std::vector<int>& order, double decay);

  /// Puts the block at `from` where the total is highest; false where it stays. Ties go to the nearer position behind,
  /// then before.
  bool improve(Eigen::Index from);
  [[nodiscard]] const std::vector<int>& order() const { return order_; }

 private:
  void sum_across();
  /// The columns of `across_` from `last` on downwards; those behind are there.
  template <int columns>
  void sum_columns(Eigen::Index last);
  void own_terms(Eigen::Index from);
  [[nodiscard]] double gain(Eigen::Index from, Eigen::Index to) const;

  const Eigen::MatrixXd& similarity_;
  std::vector<int> order_;
  double decay_;
  Eigen::VectorXd powers_;  ///< decay^distance
  /// [L + 1][L + 1]: at (i, j), i <= j, the terms of all pairs of a block before position i and one at j or behind.
  Eigen::MatrixXd across_;
  Eigen::VectorXd own_;  ///< terms of the block in hand at each position
};

}  // namespace kintsugi
