#pragma once

#include <vector>

#include "kintsugi/core/solution.hpp"
#include "objective/error_floor.hpp"
#include "search/islands/group.hpp"
#include "search/islands/island.hpp"

namespace kintsugi {

/// An island's best order, and its error on all rows.
struct Answer {
  Blocks blocks;
  double mse = 0;
  double largest_error = 0;
};

/// The best of all islands' orders by the error on all rows; the lowest island of equals. Collective over the world.
[[nodiscard]] Answer choose_answer(const IslandGroup& group, std::vector<Island>& own);

/// How sure the order of each two neighbours of the answer is: the change of the error where they are swapped, on
/// `tiles` tiles. Empty where there are no neighbours or the error overflows. Collective over each group.
[[nodiscard]] std::vector<Margin> swap_margins(IslandGroup& group, const Answer& answer, std::size_t tiles,
                                               const ErrorFloor& floor);

}  // namespace kintsugi
