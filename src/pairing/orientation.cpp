#include "pairing/orientation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/assignment.hpp"
#include "core/random.hpp"
#include "core/stop.hpp"
#include "pairing/pairing.hpp"
#include "pairing/scores.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Of the permutations that make unrelated pieces.
constexpr std::uint64_t kPermutationSeed = 0x6B696E7473756769ULL;

// X^T X for a piece X, freed of the mean of its diagonal and of the mean off it, flattened and scaled to length 1.
// Those two means are all that survives any reordering of the columns: hidden units come in an order of their own in
// every block, so that nothing but those means can be common to the hidden sides of several blocks, and they would pass
// for a common frame.
Eigen::VectorXf column_gram(const MatrixF& x) {
  MatrixF gram = x.transpose() * x;
  const Index d = gram.rows();
  const float diagonal = gram.trace() / static_cast<float>(d);
  const float rest = d > 1 ? (gram.sum() - gram.trace()) / static_cast<float>(d * (d - 1)) : 0;
  gram.array() -= rest;
  gram.diagonal().array() -= diagonal - rest;
  const float length = gram.norm();
  const Eigen::Map<const Eigen::VectorXf> flat(gram.data(), gram.size());
  return length > 0 ? Eigen::VectorXf(flat / length) : Eigen::VectorXf::Zero(gram.size());
}

// What a set of square pieces says on roles: the pairs' evidence and both sides' Gram matrices.
class Squares {
 public:
  Squares(const Network& network, std::span<const MatrixF> anchors, const PairingParameters& parameters)
      : count_(static_cast<Index>(network.pieces.size())) {
    std::vector<int> all(network.pieces.size());
    std::iota(all.begin(), all.end(), 0);
    const PairTable pairs(network, all, all);
    Scores scores(pairs, parameters);
    pair_ = scores.standard_dominance().cwiseAbs() + scores.standard_balance();
    const auto width = static_cast<Index>(pairs.width());
    input_.resize(width * width, count_);
    output_.resize(width * width, count_);
    for (Index i = 0; i < count_; ++i) {
      throw_if_stopped();
      const MatrixF weight = weight_of(network.pieces[static_cast<std::size_t>(i)]);
      input_.col(i) = column_gram(weight);
      output_.col(i) = column_gram(weight.transpose());
    }
    anchor_ = Eigen::VectorXf::Zero(width * width);
    for (const MatrixF& anchor : anchors) anchor_ += column_gram(anchor);
    // Symmetric matrices less two constraints; the difference of two unrelated directions has twice the variance.
    unit_ = std::sqrt(std::max(0.0, static_cast<double>(width * (width + 1)) / 2 - 2) / 2);
  }

  // Evidence that row expands and column compresses, given how likely each piece is to expand.
  [[nodiscard]] Table evidence(const Eigen::VectorXd& expands) const {
    const Eigen::VectorXd frame = agreement(expands);
    Table result = pair_;
    result.colwise() += frame;
    result.rowwise() -= frame.transpose();
    return result;
  }

 private:
  // How much better each piece's input side agrees with the residual stream's side of the other pieces than its output
  // side does: mean 0 and variance 1 for unrelated pieces.
  [[nodiscard]] Eigen::VectorXd agreement(const Eigen::VectorXd& expands) const {
    const Eigen::VectorXf p = expands.cast<float>();
    const Eigen::VectorXf sum = input_ * p + output_ * (1 - p.array()).matrix() + anchor_;
    Eigen::VectorXd result(count_);
    for (Index i = 0; i < count_; ++i) {
      const Eigen::VectorXf others = sum - p(i) * input_.col(i) - (1 - p(i)) * output_.col(i);
      const auto length = static_cast<double>(others.norm());
      const auto difference = static_cast<double>((input_.col(i) - output_.col(i)).dot(others));
      result(i) = length > 0 ? unit_ * difference / length : 0;
    }
    return result;
  }

  Index count_;
  Table pair_;  // [expand x compress]
  Eigen::MatrixXf input_;
  Eigen::MatrixXf output_;
  Eigen::VectorXf anchor_;
  double unit_ = 0;
};

// Alternates between the best pairs for a frame and the frame of the pairs, from a frame in which every side of every
// piece counts half: the residual stream's sides add up there, the hidden sides do not.
Orientation alternate(const Squares& squares, std::size_t count, std::int64_t rounds) {
  const auto n = static_cast<Index>(count);
  const Index vertices = n + n % 2;  // an odd one out is paired with nothing, for a weight of 0
  Eigen::VectorXd expands = Eigen::VectorXd::Constant(n, 0.5);
  std::vector<Eigen::VectorXd> seen;
  Orientation result;
  for (std::int64_t round = 0; round < rounds; ++round) {
    const Table evidence = squares.evidence(expands);
    Table weight = Table::Zero(vertices, vertices);
    weight.topLeftCorner(n, n) = evidence.cwiseMax(evidence.transpose());
    const SymmetricMatching matching = match_symmetric(weight);
    result = {};
    for (std::size_t k = 0; k < matching.pairs.size(); ++k) {
      auto [a, b] = matching.pairs[k];
      if (b == count) {
        result.leftover = static_cast<std::ptrdiff_t>(a);
        expands(static_cast<Index>(a)) = 1;  // the head, whose columns are the residual stream too
        continue;
      }
      if (evidence(static_cast<Index>(a), static_cast<Index>(b)) <
          evidence(static_cast<Index>(b), static_cast<Index>(a))) {
        std::swap(a, b);
      }
      const auto i = static_cast<Index>(a);
      const auto j = static_cast<Index>(b);
      expands(i) = 1;
      expands(j) = 0;
      result.pairs.push_back({a, b, evidence(i, j) - evidence(j, i), matching.exact[k] != 0});
    }
    if (std::find(seen.begin(), seen.end(), expands) != seen.end()) break;
    seen.push_back(expands);
  }
  return result;
}

// The pieces with rows and columns in a random order: the same numbers, and nothing in common.
Network permuted(const Network& network, Random& random) {
  Network result = network;
  for (Piece& piece : result.pieces) {
    std::vector<std::size_t> rows(piece.out);
    std::vector<std::size_t> columns(piece.in);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    random.shuffle(std::span(rows));
    random.shuffle(std::span(columns));
    const std::vector<float> original = piece.weight;
    for (std::size_t i = 0; i < piece.out; ++i) {
      for (std::size_t j = 0; j < piece.in; ++j) {
        piece.weight[i * piece.in + j] = original[rows[i] * piece.in + columns[j]];
      }
    }
  }
  return result;
}

struct Edge {
  std::size_t a, b;
  bool exact;
};

// Pairs an even number of vertices, the heaviest edge first; equal ones by the lowest vertices.
void match_greedily(const Table& weight, std::vector<std::size_t> vertices, std::vector<Edge>& edges) {
  const auto w = [&](std::size_t a, std::size_t b) { return weight(static_cast<Index>(a), static_cast<Index>(b)); };
  while (!vertices.empty()) {
    throw_if_stopped();
    Edge best{vertices[0], vertices[1], false};
    for (const std::size_t a : vertices) {
      for (const std::size_t b : vertices) {
        if (a < b && w(a, b) > w(best.a, best.b)) best = {a, b, false};
      }
    }
    edges.push_back(best);
    std::erase(vertices, best.a);
    std::erase(vertices, best.b);
  }
}

}  // namespace

SymmetricMatching match_symmetric(const Table& weight) {
  Table score = weight;
  score.diagonal().setConstant(-kInfinity);
  const auto n = static_cast<std::size_t>(score.rows());
  const std::vector<int> next = assign({score.data(), static_cast<std::size_t>(score.size())}, n, n);
  std::vector<Edge> edges;
  std::vector<std::size_t> unmatched;
  std::vector<char> seen(n, 0);
  for (std::size_t first = 0; first < n; ++first) {
    std::vector<std::size_t> cycle;
    for (std::size_t at = first; seen[at] == 0; at = static_cast<std::size_t>(next[at])) {
      seen[at] = 1;
      cycle.push_back(at);
    }
    if (cycle.size() % 2 == 1) {
      unmatched.insert(unmatched.end(), cycle.begin(), cycle.end());
    } else {
      for (std::size_t i = 0; i < cycle.size(); i += 2) edges.push_back({cycle[i], cycle[i + 1], true});
    }
  }
  std::sort(unmatched.begin(), unmatched.end());
  match_greedily(weight, std::move(unmatched), edges);
  for (Edge& edge : edges) {
    if (edge.a > edge.b) std::swap(edge.a, edge.b);
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& x, const Edge& y) { return x.a < y.a; });
  SymmetricMatching result;
  for (const Edge& edge : edges) {
    result.pairs.emplace_back(edge.a, edge.b);
    result.exact.push_back(edge.exact ? 1 : 0);
  }
  return result;
}

Orientation orient_squares(std::span<const Piece* const> squares, std::span<const MatrixF> anchors,
                           const PairingParameters& parameters) {
  Network network;
  for (const Piece* piece : squares) network.pieces.push_back(*piece);
  const auto orient = [&](const Network& pieces, std::span<const MatrixF> sides) {
    return alternate(Squares(pieces, sides, parameters), squares.size(), parameters.direction_rounds);
  };
  Orientation result = orient(network, anchors);
  if (result.pairs.empty()) return result;
  double level = 0;
  const auto unrelated_pairs = static_cast<std::size_t>(parameters.unrelated_pairs);
  const std::size_t copies = (unrelated_pairs + result.pairs.size() - 1) / result.pairs.size();
  for (std::size_t copy = 0; copy < copies; ++copy) {
    Random random(kPermutationSeed, copy);
    // Without anchors: they would have to be permuted too, and each adds one term among many to the frame.
    const Orientation unrelated = orient(permuted(network, random), {});
    for (const OrientedPair& pair : unrelated.pairs) level = std::max(level, pair.evidence);
  }
  for (OrientedPair& pair : result.pairs) pair.sure = pair.sure && pair.evidence > level;
  return result;
}

}  // namespace kintsugi::pairing
