#pragma once

#include <vector>

namespace kintsugi {

/// How likely each compress piece is the partner of each expand piece. Empty: nothing is known.
struct PairShares {
  std::vector<int> expand;     ///< positions in Network::pieces, ascending
  std::vector<int> compress;   ///< as many, ascending
  std::vector<double> shares;  ///< [expand][compress]; rows and columns sum to one

  [[nodiscard]] bool empty() const { return shares.empty(); }
};

}  // namespace kintsugi
