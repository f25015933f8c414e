#include <algorithm>
#include <vector>

#include "scores.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

// Matchings settle within a handful of rounds, or go in a circle where there is nothing to learn.
constexpr std::size_t kMostRounds = 16;

std::vector<PieceMap> maps_of(const std::vector<MatrixF>& matrices) {
  std::vector<PieceMap> maps;
  for (const MatrixF& m : matrices) maps.emplace_back(m.data(), m.rows(), m.cols());
  return maps;
}

// How far P_ij agrees with the sum M of the chosen pairs' products, each divided by its norm and freed of its trace
// (which dominance already judges): <P_ij, M'> d / (||P_ij|| ||M||), with M' = M less the chosen pairs of i and of j,
// so that no pair speaks for itself. Mean 0 and variance 1 for unrelated pieces.
//
// With A_i = (M - P_i) W_in(i)^T and B_j = W_out(j)^T P_j, P_i and P_j the chosen pairs of i and of j,
// <P_ij, M'> = <A_i, W_out(j)> - <B_j, W_in(i)>: two matrix products for all pairs.
Table agreement(const Candidates& candidates, const Table& norm, const Matching& matching) {
  const auto d = static_cast<Index>(candidates.width());
  const MatrixF nothing = MatrixF::Zero(d, d);
  std::vector<MatrixF> of_row(candidates.rows(), nothing);
  std::vector<MatrixF> of_column(candidates.columns(), nothing);
  MatrixF sum = nothing;
  for (std::size_t i = 0; i < matching.size(); ++i) {
    const double length = matching[i] >= 0 ? norm(static_cast<Index>(i), matching[i]) : 0;
    if (length <= 0) continue;
    const auto j = static_cast<std::size_t>(matching[i]);
    MatrixF p = weight_of(candidates.compress(j)) * weight_of(candidates.expand(i)) / static_cast<float>(length);
    p.diagonal().array() -= p.trace() / static_cast<float>(d);
    sum += p;
    of_row[i] = p;
    of_column[j] = std::move(p);
  }
  Table result = candidates.zeros();
  const auto length = static_cast<double>(sum.norm());
  if (length <= 0) return result;
  for (const Group& group : candidates.groups()) {
    std::vector<MatrixF> a;
    std::vector<MatrixF> b;
    std::vector<PieceMap> expand;
    std::vector<PieceMap> compress;
    for (const std::size_t i : group.rows) {
      expand.push_back(weight_of(candidates.expand(i)));
      a.emplace_back((sum - of_row[i]) * expand.back().transpose());
    }
    for (const std::size_t j : group.columns) {
      compress.push_back(weight_of(candidates.compress(j)));
      b.emplace_back(compress.back().transpose() * of_column[j]);
    }
    const Table with_sum = inner_products(maps_of(a), compress, false);
    const Table with_column = inner_products(expand, maps_of(b), false);
    for (std::size_t i = 0; i < group.rows.size(); ++i) {
      for (std::size_t j = 0; j < group.columns.size(); ++j) {
        const auto row = static_cast<Index>(group.rows[i]);
        const auto column = static_cast<Index>(group.columns[j]);
        const double scale = norm(row, column) * length;
        if (scale <= 0) continue;
        // Where i and j are each other's choice, there is one pair to leave out, not two.
        const bool own = matching[group.rows[i]] == static_cast<int>(group.columns[j]);
        const double in_column = own ? 0 : with_column(static_cast<Index>(i), static_cast<Index>(j));
        const double product = with_sum(static_cast<Index>(i), static_cast<Index>(j)) - in_column;
        result(row, column) = product / scale * static_cast<double>(d);
      }
    }
  }
  return result;
}

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

Verdict learn(Scores& scores, Matching start) {
  const Candidates& candidates = scores.candidates();
  const Table dominance = scores.standard_dominance();
  const Table balance = scores.standard_balance();
  Verdict verdict{PairScoreKind::learned, scores.of(PairScoreKind::combined), std::move(start), {}};
  std::vector<Matching> seen{verdict.matching};
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    const Table frame = agreement(candidates, scores.products().norm, verdict.matching);
    // Each evidence counts as much as it shows on the pairs chosen: for normal scores of equal variance, shifted by
    // these means where the pair is true, this weighting is the most powerful. Only dominance may count backwards,
    // because training can leave diagonals of either sign.
    const Eigen::Vector3d means(std::max(0.0, mean_over(verdict.matching, frame)),
                                std::max(0.0, mean_over(verdict.matching, balance)),
                                mean_over(verdict.matching, dominance));
    if (means.norm() <= 0) break;
    const Eigen::Vector3d weights = means.normalized();
    verdict.score = candidates.within_groups(weights(0) * frame + weights(1) * balance + weights(2) * dominance);
    verdict.matching = match_groups(candidates, verdict.score);
    if (std::find(seen.begin(), seen.end(), verdict.matching) != seen.end()) break;
    seen.push_back(verdict.matching);
  }
  verdict.judgement = judge(candidates, verdict.score, verdict.matching, PairScoreKind::learned);
  return verdict;
}

}  // namespace kintsugi::pairing
