#pragma once

#include <optional>

#include "pairing/pairing.hpp"
#include "statistics.hpp"
#include "trust.hpp"

namespace kintsugi::pairing {

/// The scores of one set of candidates, each statistic measured when it is first asked for.
class Scores {
 public:
  explicit Scores(const Candidates& candidates) : candidates_(candidates) {}

  [[nodiscard]] const Candidates& candidates() const { return candidates_; }
  /// Scores of all pairs; -infinity where the hidden sizes differ.
  [[nodiscard]] Table of(PairScoreKind kind);

  /// tr P and ||P||_F.
  [[nodiscard]] const ProductStatistics& products();
  /// Rank correlations of the hidden units' norms.
  [[nodiscard]] const Table& balance();
  /// -tr P sqrt(d) / ||P||_F and balance times sqrt(h - 1): mean 0 and variance 1 for unrelated pieces.
  [[nodiscard]] Table standard_dominance();
  [[nodiscard]] Table standard_balance();

 private:
  [[nodiscard]] Table raw(PairScoreKind kind);

  const Candidates& candidates_;
  std::optional<ProductStatistics> products_;
  std::optional<Table> balance_;
};

/// A matching with the scores it rests on and their judgement.
struct Verdict {
  PairScoreKind kind = PairScoreKind::dominance;
  Table score;
  Matching matching;
  Judgement judgement;
};

/// Matches and judges by one score. `learned` starts from each of the scores without one and keeps the best.
[[nodiscard]] Verdict decide(Scores& scores, PairScoreKind kind);

/// The best of signed dominance and dominance; where it leaves a pair untrusted, of balance and combined too, and where
/// that does, of learned too.
[[nodiscard]] Verdict decide_best(Scores& scores);

/// How far each product P_ij agrees with the sum M of the chosen pairs' products, each divided by its norm and freed of
/// its trace (which dominance judges already): <P_ij, M - P_i> d / (||P_ij|| ||M||), where P_i is the chosen pair of
/// row i, so that no pair speaks for itself, and all pairs of a row are compared alike. Mean 0 and variance 1 for
/// unrelated pieces. `norm`: ||P_ij||_F.
[[nodiscard]] Table agreement(const Candidates& candidates, const Table& norm, const Matching& matching);

/// Refines a matching by what its pairs have in common; see PairScoreKind::learned.
[[nodiscard]] Verdict learn(Scores& scores, Matching start);

}  // namespace kintsugi::pairing
