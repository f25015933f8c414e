#pragma once

#include <vector>

#include "pairing/pairing.hpp"
#include "pairing/statistics.hpp"

namespace kintsugi::pairing {

/// The column of each row, -1 for none.
using Matching = std::vector<int>;

/// The best matching within each group, by assign(); in a group with more rows than columns the worst rows stay without
/// a column.
[[nodiscard]] Matching match_groups(const PairTable& pairs, const Table& score);

/// How scores of wrong pairs are distributed where the weights say nothing.
struct NullLaw {
  bool absolute = false;  ///< the score is the absolute value of one that is symmetric about 0
  bool known = false;     ///< normal, with mean 0 and standard deviation `deviation` where the two pieces are unrelated
  double deviation = 0;   ///< only where known
};
[[nodiscard]] NullLaw null_law(PairScoreKind kind, std::size_t width, std::size_t hidden);

/// How well the weights single a matching out.
struct PairingQuality {
  std::vector<char> trusted;  ///< per row; 0 for a row without a column
  std::size_t trusted_count = 0;
  double separation = 0;  ///< see Pairing
  double gap = 0;         ///< see Pairing
};

/// Compares a matching's scores with those of the pairs that it did not choose; see `Pairing` for the rule, and
/// PairingParameters for `trust_level`.
[[nodiscard]] PairingQuality assess(const PairTable& pairs, const Table& score, const Matching& matching,
                                    PairScoreKind kind, double trust_level);

/// The more pairs are trusted the better, then the larger separation.
[[nodiscard]] bool is_better(const PairingQuality& a, const PairingQuality& b);

}  // namespace kintsugi::pairing
