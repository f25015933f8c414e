#pragma once

#include <cstddef>
#include <cstdint>

namespace kintsugi {

/// Bytes that the large tables of a search may take. Where a sample's table would take more, it is made of the sample's
/// first tiles only (of one at least), so that the budget decides which numbers come out: those of an island are given
/// for all its ranks together, and results stay the same for any number of ranks.
struct MemoryBudget {
  std::size_t effects = std::size_t{4} << 30;  ///< of an island: the pair effects of a linear model
  std::size_t slopes = std::size_t{1} << 30;   ///< of an island: the slopes of a relaxed pairing
  std::size_t table = std::size_t{512} << 20;  ///< of each rank: a gathered table of effects
};

/// The budget under which no rank's tables take more than `bytes`, however few ranks its island has: 8 parts in 11 for
/// the effects, which all rounds work with and which grow with blocks^2 x rows; 2 for the slopes, which a pairing in
/// doubt needs; 1 for the gathered table, of which every rank has a whole one.
[[nodiscard]] constexpr MemoryBudget memory_budget(std::int64_t bytes) {
  const auto part = static_cast<std::size_t>(bytes / 11);
  const auto rest = static_cast<std::size_t>(bytes % 11);
  return {8 * part + 8 * rest / 11, 2 * part + 2 * rest / 11, part};
}

}  // namespace kintsugi
