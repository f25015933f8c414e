#include "depth/seriation.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "core/stop.hpp"
#include "depth/insertion_gains.hpp"
#include "depth/symmetric_eigenvectors.hpp"

namespace kintsugi {

using Eigen::MatrixXd;

MatrixXd to_unit_spread(const MatrixXd& similarity) {
  const auto blocks = static_cast<double>(similarity.rows());
  const double pairs = blocks * (blocks - 1);
  const double mean = similarity.sum() / pairs;
  const double variance = similarity.squaredNorm() / pairs - mean * mean;
  return variance > 0 ? MatrixXd(similarity / std::sqrt(variance)) : similarity;
}

namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// How near positions are, by their distance.
class Nearness {
 public:
  Nearness(Index blocks, double range) : decay_(std::exp(-1 / (range * static_cast<double>(blocks)))), by_(blocks) {
    for (Index d = 0; d < blocks; ++d)
      by_[d] = std::exp(-static_cast<double>(d) / (range * static_cast<double>(blocks)));
  }

  /// From one position to the next.
  [[nodiscard]] double decay() const { return decay_; }

  /// Correlation over the pairs of blocks between similarity and nearness.
  [[nodiscard]] double smoothness(const MatrixXd& similarity, const std::vector<int>& order) const {
    const auto blocks = static_cast<double>(order.size());
    const double pairs = blocks * (blocks - 1) / 2;
    double mean = 0;
    for_pairs(order, [&](int, int, Index distance) { mean += by_[distance] / pairs; });
    double product = 0;
    double similar = 0;
    double near = 0;
    for_pairs(order, [&](int a, int b, Index distance) {
      const double nearness = by_[distance] - mean;
      product += similarity(a, b) * nearness;
      similar += similarity(a, b) * similarity(a, b);
      near += nearness * nearness;
    });
    return similar > 0 && near > 0 ? product / std::sqrt(similar * near) : 0;
  }

 private:
  template <class Call>
  void for_pairs(const std::vector<int>& order, const Call& call) const {
    for (std::size_t p = 0; p < order.size(); ++p) {
      for (std::size_t q = p + 1; q < order.size(); ++q) call(order[p], order[q], static_cast<Index>(q - p));
    }
  }

  double decay_;
  VectorXd by_;
};

MatrixXd weighted_sum(const std::vector<MatrixXd>& similarities, const std::vector<double>& weights) {
  MatrixXd sum = MatrixXd::Zero(similarities.front().rows(), similarities.front().cols());
  for (std::size_t f = 0; f < similarities.size(); ++f) sum += weights[f] * similarities[f];
  return to_unit_spread(sum);
}

// Eigenvectors of the normalised Laplacian of exp(similarity) behind the first one, as orders.
std::vector<std::vector<int>> spectral_orders(const MatrixXd& similarity, std::size_t count) {
  MatrixXd affinity = similarity.array().exp();
  affinity.diagonal().setZero();
  const VectorXd scale = affinity.rowwise().sum().cwiseSqrt().cwiseInverse();
  const MatrixXd normalised = scale.asDiagonal() * affinity * scale.asDiagonal();
  const MatrixXd vectors = symmetric_eigenvectors(normalised);
  std::vector<std::vector<int>> orders;
  for (std::size_t i = 0; i < count && static_cast<Index>(i) + 1 < similarity.rows(); ++i) {
    // Ascending eigenvalues of the affinity are descending ones of the Laplacian.
    const VectorXd vector = vectors.col(similarity.rows() - 2 - static_cast<Index>(i)).cwiseProduct(scale);
    std::vector<int> order(static_cast<std::size_t>(vector.size()));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](int b) { return vector[b]; });
    orders.push_back(std::move(order));
  }
  return orders;
}

std::vector<int> improved(const Nearness& nearness, const MatrixXd& similarity, const std::vector<int>& order,
                          std::int64_t passes) {
  InsertionGains line(similarity, order, nearness.decay());
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    bool moved = false;
    for (const int block : std::vector<int>(line.order())) {
      throw_if_stopped();
      const auto from = std::ranges::find(line.order(), block) - line.order().begin();
      moved = line.improve(from) || moved;
    }
    if (!moved) break;
  }
  return line.order();
}

// Lines are the same from both ends.
std::vector<int> in_either_direction(std::vector<int> order) {
  if (!order.empty() && order.front() > order.back()) std::ranges::reverse(order);
  return order;
}

Seriation refine(const Nearness& nearness, const std::vector<MatrixXd>& similarities, std::vector<int> order,
                 const SeriationParameters& parameters) {
  Seriation result;
  result.weights.assign(similarities.size(), 1);
  for (std::int64_t round = 0; round < parameters.rounds; ++round) {
    const std::vector<int> before = order;
    order = improved(nearness, weighted_sum(similarities, result.weights), order, parameters.passes);
    result.smoothness = 0;
    for (std::size_t f = 0; f < similarities.size(); ++f) {
      throw_if_stopped();
      result.weights[f] = std::max(0.0, nearness.smoothness(similarities[f], order));
      result.smoothness += result.weights[f] * result.weights[f];
    }
    if (order == before) break;
  }
  result.order = in_either_direction(std::move(order));
  return result;
}

}  // namespace

std::vector<Seriation> seriate(const std::vector<FeatureSimilarity>& features, const SeriationParameters& parameters) {
  if (features.empty() || features.front().cosines.rows() < 3) return {};
  std::vector<MatrixXd> similarities;
  for (const FeatureSimilarity& feature : features) similarities.push_back(to_unit_spread(feature.cosines));
  const Nearness nearness(similarities.front().rows(), parameters.range);
  const std::vector<double> equal(similarities.size(), 1);
  std::vector<Seriation> lines;
  for (const std::vector<int>& start : spectral_orders(weighted_sum(similarities, equal), parameters.starts)) {
    Seriation found = refine(nearness, similarities, start, parameters);
    const bool known = std::ranges::any_of(lines, [&](const Seriation& other) { return other.order == found.order; });
    if (!known) lines.push_back(std::move(found));
  }
  std::ranges::stable_sort(lines, std::ranges::greater{}, &Seriation::smoothness);
  if (lines.size() > parameters.lines) lines.resize(parameters.lines);
  return lines;
}

namespace {

std::vector<FeatureSimilarity> of_side(const std::vector<FeatureSimilarity>& features, Side side) {
  std::vector<FeatureSimilarity> some;
  std::ranges::copy_if(features, std::back_inserter(some), [&](const FeatureSimilarity& f) { return f.side == side; });
  return some;
}

// The position of each block in a line.
std::vector<double> positions_in(const std::vector<int>& line) {
  std::vector<double> positions(line.size());
  for (std::size_t p = 0; p < line.size(); ++p) positions[static_cast<std::size_t>(line[p])] = static_cast<double>(p);
  return positions;
}

// Halves are off twice as much as their mean, squared, and differ by twice their own.
double off_by_difference(double mean_square) { return std::sqrt(mean_square) / 2; }

// By block, from the squared differences of it and its neighbours in the line. The mean of all counts as one more:
// some neighbours agree by chance.
std::vector<double> local_places(const std::vector<double>& squares, const std::vector<int>& line,
                                 std::size_t neighbours) {
  const double mean = std::accumulate(squares.begin(), squares.end(), 0.0) / static_cast<double>(squares.size());
  std::vector<double> places(squares.size());
  for (std::size_t p = 0; p < line.size(); ++p) {
    const std::size_t first = p - std::min(p, neighbours);
    const std::size_t last = std::min(line.size() - 1, p + neighbours);
    double sum = mean;
    for (std::size_t q = first; q <= last; ++q) sum += squares[static_cast<std::size_t>(line[q])];
    places[static_cast<std::size_t>(line[p])] = off_by_difference(sum / static_cast<double>(last - first + 2));
  }
  return places;
}

}  // namespace

SeriationTrust split_half_trust(const std::vector<FeatureSimilarity>& features, const std::vector<int>& line,
                                const SeriationParameters& parameters) {
  SeriationTrust trust;
  if (features.empty() || features.front().cosines.rows() < 3) return trust;
  const auto blocks = static_cast<double>(features.front().cosines.rows());
  const double variance = (blocks * blocks - 1) / 12;  // of positions
  trust.places = std::sqrt(variance);
  trust.block_places.assign(line.size(), trust.places);
  SeriationParameters one_line = parameters;
  one_line.starts = one_line.lines = 1;
  const std::vector<Seriation> read = seriate(of_side(features, Side::reader), one_line);
  const std::vector<Seriation> written = seriate(of_side(features, Side::writer), one_line);
  if (read.empty() || written.empty()) return trust;
  std::vector<double> by_readers = positions_in(read.front().order);
  const std::vector<double> by_writers = positions_in(written.front().order);
  const auto squares = [&] {
    std::vector<double> differences(by_readers.size());
    std::ranges::transform(by_readers, by_writers, differences.begin(),
                           [](double p, double q) { return (p - q) * (p - q); });
    return differences;
  };
  std::vector<double> each = squares();
  const double spearman = 1 - std::accumulate(each.begin(), each.end(), 0.0) / (2 * blocks * variance);
  // Lines are the same from both ends.
  if (spearman < 0) {
    for (double& position : by_readers) position = blocks - 1 - position;
    each = squares();
  }
  trust.agreement = std::abs(spearman);
  trust.significance = trust.agreement * std::sqrt(blocks - 1);
  trust.places = off_by_difference(2 * (1 - trust.agreement) * variance);
  trust.block_places = local_places(each, line, parameters.neighbours);
  return trust;
}

}  // namespace kintsugi
