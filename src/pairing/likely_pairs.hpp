#pragma once

#include <span>

#include "core/pair_shares.hpp"
#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// What the weights say of the untrusted ones among `pairs`, where they single no pair out: how likely each two of
/// their pieces are a pair.
///
/// Dominance and balance of unrelated pieces are standard normal (see PairScoreKind), and so is any weighted sum of
/// length one; of true pairs they are shifted, in either direction for dominance. Of a few directions the one counts
/// whose best assignment scores highest above assignments of normal random tables. How far true pairs are shifted is
/// what such tables need on their diagonals to come to the same score (method of simulated moments: McFadden,
/// Econometrica 57, 1989); a pair of score s and shift m has the odds exp(m s - m^2 / 2). Rows and columns are scaled
/// to sums of one (Sinkhorn and Knopp, Pacific J. Math. 21, 1967). Within each hidden size; where no direction stands
/// out, shares are equal.
///
/// Empty where that is so for all hidden sizes, or `pairs` are all trusted. Not collective, deterministic.
[[nodiscard]] PairShares likely_pairs(const Network& network, std::span<const PairScore> pairs,
                                      const PairingParameters& parameters = {});

}  // namespace kintsugi
