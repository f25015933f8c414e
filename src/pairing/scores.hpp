#pragma once

#include <optional>

#include "pairing/pairing.hpp"
#include "pairing/statistics.hpp"
#include "pairing/trust.hpp"

namespace kintsugi::pairing {

/// The scores of all pairs of a table, each statistic measured when it is first asked for.
class Scores {
 public:
  /// `pairs` must outlive this.
  Scores(const PairTable& pairs, const PairingParameters& parameters) : pairs_(pairs), parameters_(parameters) {}

  [[nodiscard]] const PairTable& pairs() const { return pairs_; }
  [[nodiscard]] const PairingParameters& parameters() const { return parameters_; }
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

  const PairTable& pairs_;
  PairingParameters parameters_;
  std::optional<ProductStatistics> products_;
  std::optional<Table> balance_;
};

/// A matching with the scores it rests on and their quality.
struct PairingResult {
  PairScoreKind kind = PairScoreKind::dominance;
  Table score;
  Matching matching;
  PairingQuality quality;
};

/// Matches by one score. `learned` starts from each of the scores without one and keeps the best.
[[nodiscard]] PairingResult decide(Scores& scores, PairScoreKind kind);

/// The best of signed dominance and dominance; where it leaves a pair untrusted, of balance and combined too, and where
/// that does, of learned too.
[[nodiscard]] PairingResult decide_best(Scores& scores);

/// How far each product P_ij agrees with the sum M of the chosen pairs' products, each divided by its norm and freed of
/// its trace (which dominance has already): <P_ij, M - P_i> d / (||P_ij|| ||M||), where P_i is the chosen pair of
/// row i, so that no pair speaks for itself, and all pairs of a row are compared alike. Mean 0 and variance 1 for
/// unrelated pieces. `norm`: ||P_ij||_F.
[[nodiscard]] Table agreement(const PairTable& pairs, const Table& norm, const Matching& matching);

/// Refines a matching by what its pairs have in common; see PairScoreKind::learned.
[[nodiscard]] PairingResult learn(Scores& scores, Matching start);

}  // namespace kintsugi::pairing
