#pragma once

#include <set>
#include <vector>

#include "core/order.hpp"
#include "core/pair_shares.hpp"

namespace kintsugi {

/// What the weights alone say to a search.
struct SearchClues {
  std::set<int> untrusted{};    ///< expand pieces of the pairs that the weights do not single out: only they trade
                                ///< partners
  PairShares likely{};          ///< how likely their pieces are pairs; empty where the weights say nothing of that
  std::vector<Blocks> lines{};  ///< orders by depth, in either direction; none where there is no depth in the weights
  double line_places = 0;       ///< what a block's position in them may be off, root mean square
};

}  // namespace kintsugi
