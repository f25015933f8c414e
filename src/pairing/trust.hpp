#pragma once

#include <span>
#include <vector>

#include "pairing/pairing.hpp"
#include "statistics.hpp"

namespace kintsugi::pairing {

/// The column of each row, -1 for none.
using Matching = std::vector<int>;

/// The best matching within each group, by assign(); in a group with more rows than columns the worst rows stay without
/// a column.
[[nodiscard]] Matching match_groups(const Candidates& candidates, const Table& score);

/// How scores of wrong pairs are distributed where the weights say nothing.
struct NullLaw {
  bool absolute = false;  ///< the score is the absolute value of one that is symmetric about 0
  bool known = false;     ///< normal, with mean 0 and standard deviation `deviation` where the two pieces are unrelated
  double deviation = 0;   ///< only where known
};
[[nodiscard]] NullLaw null_law(PairScoreKind kind, std::size_t width, std::size_t hidden);

/// What a matching is worth.
struct Judgement {
  std::vector<char> trusted;  ///< per row; 0 for a row without a column
  std::size_t trusted_count = 0;
  double separation = 0;  ///< see Pairing
  double gap = 0;         ///< see Pairing
};

/// Judges a matching by how its scores stand out from those of the pairs it did not choose; see `Pairing` for the rule.
[[nodiscard]] Judgement judge(const Candidates& candidates, const Table& score, const Matching& matching,
                              PairScoreKind kind);

/// The more pairs are trusted the better, then the larger separation.
[[nodiscard]] bool better(const Judgement& a, const Judgement& b);

}  // namespace kintsugi::pairing
