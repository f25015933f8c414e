#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "objective/near_pair_equations.hpp"

namespace kintsugi {

/// Integer least squares over which pairs change sides: small |e + C z|^2 plus a prior over z in {0, 1}, by a K-best
/// search of the tree of decisions on a triangular system (Guo, Nilsson, IEEE J. Sel. Areas Commun. 24, 2006).
///
/// Where effects make up for each other, rounding the real solution is the worst detector: a decision has to be fed
/// back before the next one is made. The surest decisions come first (the order of V-BLAST: Wolniansky, Foschini,
/// Golden, Valenzuela, ISSSE 1998). Those that no order of the blocks has are cut off: a before b, b before c, c before
/// a.
class PairTreeSearch {
 public:
  /// O(pairs^3) operations. Not collective, deterministic.
  explicit PairTreeSearch(const NearPairEquations& equations);

  [[nodiscard]] std::size_t pairs() const noexcept { return turns_.size(); }

  struct Rule {
    std::vector<double> flip_costs;  ///< minus the logarithm of the prior odds that a pair changes sides
    double variance = 1;             ///< of what is left, for each direction of the span of C
    std::size_t width = 1;           ///< paths that are kept at each decision
    std::size_t results = 1;         ///< paths that are returned, at most
  };
  /// Positions in the equations' pairs of those that change sides, ascending: the decisions of least
  /// left / (2 variance) plus flip costs that the search finds, best first. `noise`: added to the triangular system's
  /// right-hand side, [pairs]; zeros for none, draws with the variance for samples of the posterior (randomised maximum
  /// likelihood). O(pairs x width x flips) operations. Not collective, deterministic.
  [[nodiscard]] std::vector<std::vector<std::size_t>> search(const Rule& rule, const Eigen::VectorXd& noise) const;

  /// |e + C z|^2 where these pairs change sides; ascending. Not collective.
  [[nodiscard]] double left(const std::vector<std::size_t>& flips) const;

 private:
  /// Two pairs that are decided before a third one: all three say how three blocks stand.
  struct Triple {
    std::size_t one = 0, other = 0;
    int sign = 1, one_sign = 1, other_sign = 1;  // of the third and of both in z_ab + z_bc - z_ac
  };
  struct Node;
  struct Branch;
  void order_turns(Eigen::MatrixXd inverse);
  void find_triples(const std::vector<PositionPair>& pairs);
  void add_branches(const Node& node, std::size_t turn, const Rule& rule, double target,
                    std::vector<Branch>& branches) const;

  std::vector<std::size_t> turns_;            // pairs by the system's column; the last one is decided first
  std::vector<std::vector<Triple>> triples_;  // by pair
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> factor_;  // upper triangle
  Eigen::VectorXd target_;
  double unexplained_ = 0;  // of |e|^2 outside the span of C
};

}  // namespace kintsugi
