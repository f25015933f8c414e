#include <algorithm>
#include <vector>

#include "core/stop.hpp"
#include "pairing/scores.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

// Mean over the chosen pairs.
double mean_over(const Matching& matching, const Table& table) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < matching.size(); ++i) {
    if (matching[i] < 0) continue;
    sum += table(static_cast<Index>(i), matching[i]);
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

}  // namespace

// With A_i = (M - P_i) W_in(i)^T, <P_ij, M - P_i> = <A_i, W_out(j)>: one matrix product for all pairs.
Table agreement(const PairTable& pairs, const Table& norm, const Matching& matching) {
  const auto d = static_cast<Index>(pairs.width());
  std::vector<MatrixF> own(pairs.rows(), MatrixF::Zero(d, d));
  MatrixF sum = MatrixF::Zero(d, d);
  for (std::size_t i = 0; i < matching.size(); ++i) {
    throw_if_stopped();
    const double length = matching[i] >= 0 ? norm(static_cast<Index>(i), matching[i]) : 0;
    if (length <= 0) continue;
    const auto j = static_cast<std::size_t>(matching[i]);
    own[i] = weight_of(pairs.compress(j)) * weight_of(pairs.expand(i)) / static_cast<float>(length);
    own[i].diagonal().array() -= own[i].trace() / static_cast<float>(d);
    sum += own[i];
  }
  Table result = pairs.zeros();
  const auto length = static_cast<double>(sum.norm());
  if (length <= 0) return result;
  for (const Group& group : pairs.groups()) {
    std::vector<MatrixF> a;
    std::vector<PieceMap> left;
    std::vector<PieceMap> right;
    a.reserve(group.rows.size());
    for (const std::size_t i : group.rows) {
      throw_if_stopped();
      a.emplace_back((sum - own[i]) * weight_of(pairs.expand(i)).transpose());
      left.emplace_back(a.back().data(), a.back().rows(), a.back().cols());
    }
    for (const std::size_t j : group.columns) right.push_back(weight_of(pairs.compress(j)));
    const Table products = inner_products(left, right, false);
    for (std::size_t i = 0; i < group.rows.size(); ++i) {
      for (std::size_t j = 0; j < group.columns.size(); ++j) {
        const auto row = static_cast<Index>(group.rows[i]);
        const auto column = static_cast<Index>(group.columns[j]);
        const double scale = norm(row, column) * length / static_cast<double>(d);
        if (scale > 0) result(row, column) = products(static_cast<Index>(i), static_cast<Index>(j)) / scale;
      }
    }
  }
  return result;
}

PairingResult learn(Scores& scores, Matching start) {
  const PairTable& pairs = scores.pairs();
  const Table dominance = scores.standard_dominance();
  const Table balance = scores.standard_balance();
  PairingResult result{PairScoreKind::learned, scores.of(PairScoreKind::combined), std::move(start), {}};
  std::vector<Matching> seen{result.matching};
  for (std::int64_t round = 0; round < scores.parameters().learning_rounds; ++round) {
    const Table frame = agreement(pairs, scores.products().norm, result.matching);
    // Each evidence counts as much as it shows on the pairs chosen: for normal scores of equal variance, shifted by
    // these means where the pair is true, this weighting is the most powerful. Only dominance may count backwards,
    // because training can leave diagonals of either sign.
    const Eigen::Vector3d means(std::max(0.0, mean_over(result.matching, frame)),
                                std::max(0.0, mean_over(result.matching, balance)),
                                mean_over(result.matching, dominance));
    if (means.norm() <= 0) break;
    const Eigen::Vector3d weights = means.normalized();
    result.score = pairs.within_groups(weights(0) * frame + weights(1) * balance + weights(2) * dominance);
    result.matching = match_groups(pairs, result.score);
    if (std::find(seen.begin(), seen.end(), result.matching) != seen.end()) break;
    seen.push_back(result.matching);
  }
  result.quality =
      assess(pairs, result.score, result.matching, PairScoreKind::learned, scores.parameters().trust_level);
  return result;
}

}  // namespace kintsugi::pairing
