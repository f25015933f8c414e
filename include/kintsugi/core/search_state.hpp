#pragma once

#include <cstdint>
#include <vector>

#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// Of the words in a SearchState. To be raised with every change of what a class of the search saves or in which order:
/// words of another layout would be misread.
inline constexpr std::int64_t kStateLayout = 5;

/// All that a search needs to go on as if it had not been stopped, besides the problem and the options: what a
/// checkpoint holds. It does not depend on the number of ranks.
struct SearchState {
  std::vector<std::vector<std::int64_t>> islands;  ///< of each island, as StateArchive writes it
  std::vector<std::int64_t> shared;                ///< what all islands know: rounds, elite pool
  std::vector<TrajectoryEntry> trajectory;
  double seconds = 0;  ///< of search so far

  template <class Archive>
  void state(Archive& archive) {
    archive(islands, shared, trajectory, seconds);
  }
};

}  // namespace kintsugi
