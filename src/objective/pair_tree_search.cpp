#include "objective/pair_tree_search.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "core/stop.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Of the mean diagonal entry: above the rounding of products in float32, so that the matrix stays positive.
constexpr double kRidge = 1e-7;

Index index(std::size_t i) { return static_cast<Index>(i); }

}  // namespace

/// What has been decided on the way to a node of the tree.
struct PairTreeSearch::Node {
  std::vector<std::uint32_t> flips;  // columns
  std::vector<std::uint64_t> bits;   // by pair
  double cost = 0;

  [[nodiscard]] int flipped(std::size_t pair) const { return static_cast<int>((bits[pair / 64] >> (pair % 64)) & 1U); }
};

struct PairTreeSearch::Branch {
  const Node* parent = nullptr;
  double cost = 0;
  bool flip = false;
};

PairTreeSearch::PairTreeSearch(const NearPairEquations& equations) : triples_(equations.pairs.size()) {
  MatrixXd gram = equations.gram;
  const double mean = std::max(gram.diagonal().mean(), std::numeric_limits<double>::min());
  gram.diagonal().array() += kRidge * mean;
  order_turns(gram.llt().solve(MatrixXd::Identity(gram.rows(), gram.cols())));
  MatrixXd sorted(gram.rows(), gram.cols());
  VectorXd along(gram.rows());
  for (Index i = 0; i < gram.rows(); ++i) {
    const Index pair = index(turns_[static_cast<std::size_t>(i)]);
    along[i] = -equations.along[pair];
    for (Index j = 0; j < gram.cols(); ++j) sorted(i, j) = gram(pair, index(turns_[static_cast<std::size_t>(j)]));
  }
  factor_ = MatrixXd(sorted.llt().matrixU());
  target_ = factor_.transpose().triangularView<Eigen::Lower>().solve(along);
  unexplained_ = std::max(0.0, equations.square - target_.squaredNorm());
  find_triples(equations.pairs);
}

// The pair that the others' effects hide least, which has the least entry in the inverse, is decided first, then the
// next one given it, and so on.
void PairTreeSearch::order_turns(MatrixXd inverse) {
  turns_.resize(static_cast<std::size_t>(inverse.rows()));
  std::iota(turns_.begin(), turns_.end(), std::size_t{0});
  for (Index open = inverse.rows() - 1; open > 0 && !stop_heard(); --open) {
    Index surest = 0;
    inverse.diagonal().head(open + 1).minCoeff(&surest);
    std::swap(turns_[static_cast<std::size_t>(surest)], turns_[static_cast<std::size_t>(open)]);
    inverse.row(surest).swap(inverse.row(open));
    inverse.col(surest).swap(inverse.col(open));
    const VectorXd column = inverse.col(open).head(open) / std::sqrt(inverse(open, open));
    inverse.topLeftCorner(open, open).noalias() -= column * column.transpose();
  }
}

void PairTreeSearch::find_triples(const std::vector<PositionPair>& pairs) {
  std::vector<std::size_t> column(pairs.size());
  for (std::size_t i = 0; i < turns_.size(); ++i) column[turns_[i]] = i;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> known;
  for (std::size_t i = 0; i < pairs.size(); ++i) known[{pairs[i].first, pairs[i].second}] = i;
  for (std::size_t outer = 0; outer < pairs.size(); ++outer) {
    for (std::size_t middle = pairs[outer].first + 1; middle < pairs[outer].second; ++middle) {
      const std::size_t first = known.at({pairs[outer].first, middle});
      const std::size_t second = known.at({middle, pairs[outer].second});
      // Of three blocks a, b, c in a row: z_ab + z_bc - z_ac is 0 or 1 in every order. The last pair decided asks.
      const std::size_t last = std::min({column[first], column[second], column[outer]});
      if (last == column[first]) {
        triples_[first].push_back({.one = second, .other = outer, .other_sign = -1});
      } else if (last == column[second]) {
        triples_[second].push_back({.one = first, .other = outer, .other_sign = -1});
      } else {
        triples_[outer].push_back({.one = first, .other = second, .sign = -1});
      }
    }
  }
}

void PairTreeSearch::add_branches(const Node& node, std::size_t turn, const Rule& rule, double target,
                                  std::vector<Branch>& branches) const {
  const std::size_t pair = turns_[turn];
  const double* const row = factor_.data() + index(turn) * factor_.cols();
  for (const std::uint32_t flip : node.flips) target -= row[flip];
  bool stays = true;
  bool flips = true;
  for (const Triple& triple : triples_[pair]) {
    const int others = triple.one_sign * node.flipped(triple.one) + triple.other_sign * node.flipped(triple.other);
    stays = stays && others >= 0 && others <= 1;
    flips = flips && others + triple.sign >= 0 && others + triple.sign <= 1;
  }
  const double flipped = target - row[turn];
  if (stays) branches.push_back({&node, node.cost + target * target / (2 * rule.variance), false});
  if (flips) {
    branches.push_back({&node, node.cost + flipped * flipped / (2 * rule.variance) + rule.flip_costs[pair], true});
  }
}

std::vector<std::vector<std::size_t>> PairTreeSearch::search(const Rule& rule, const VectorXd& noise) const {
  std::vector<Node> nodes{{.flips = {}, .bits = std::vector<std::uint64_t>((pairs() + 63) / 64, 0)}};
  for (std::size_t turn = pairs(); turn-- > 0 && !stop_heard();) {
    std::vector<Branch> branches;
    for (const Node& node : nodes) add_branches(node, turn, rule, target_[index(turn)] + noise[index(turn)], branches);
    std::ranges::stable_sort(branches, {}, &Branch::cost);
    if (branches.size() > rule.width) branches.resize(rule.width);
    std::vector<Node> next;
    next.reserve(branches.size());
    for (const Branch& branch : branches) {
      next.push_back(*branch.parent);
      next.back().cost = branch.cost;
      if (!branch.flip) continue;
      next.back().flips.push_back(static_cast<std::uint32_t>(turn));
      next.back().bits[turns_[turn] / 64] |= std::uint64_t{1} << (turns_[turn] % 64);
    }
    nodes = std::move(next);
  }
  if (nodes.size() > rule.results) nodes.resize(rule.results);
  std::vector<std::vector<std::size_t>> paths;
  for (const Node& node : nodes) {
    paths.emplace_back();
    for (const std::uint32_t column : node.flips) paths.back().push_back(turns_[column]);
    std::ranges::sort(paths.back());
  }
  return paths;
}

double PairTreeSearch::left(const std::vector<std::size_t>& flips) const {
  VectorXd rest = target_;
  for (std::size_t column = 0; column < turns_.size(); ++column) {
    if (std::ranges::binary_search(flips, turns_[column])) rest -= factor_.col(index(column));
  }
  return unexplained_ + rest.squaredNorm();
}

}  // namespace kintsugi
