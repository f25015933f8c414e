#pragma once

#include <cstddef>

namespace kintsugi {

/// Bytes that the large tables of a search may take. Where a sample's table would take more, it is made of the sample's
/// first tiles only (of one at least), so that the budget decides which numbers come out: those of an island are given
/// for all its ranks together, and results stay the same for any number of ranks.
struct MemoryBudget {
  std::size_t effects = std::size_t{4} << 30;  ///< of an island: the pair effects of a linear model
  std::size_t slopes = std::size_t{1} << 30;   ///< of an island: the slopes of a relaxed pairing
  std::size_t table = std::size_t{512} << 20;  ///< of each rank: a gathered table of effects
};

/// The budget of an island of `ranks` ranks that may fill `bytes_per_rank` each: half of it with effects, a quarter
/// with slopes and a quarter with a gathered table.
[[nodiscard]] constexpr MemoryBudget memory_budget(std::size_t bytes_per_rank, std::size_t ranks) {
  return {bytes_per_rank / 2 * ranks, bytes_per_rank / 4 * ranks, bytes_per_rank / 4};
}

}  // namespace kintsugi
