#pragma once

#include <vector>

#include "kintsugi/core/solution.hpp"
#include "search/islands/answer.hpp"

namespace kintsugi {

/// What else explains the predictions as well as the answer, beside swaps of neighbours: blocks that trade places or
/// move further than one position, and blocks that exchange their compress pieces. The model's likeliest candidates and
/// those whose weights are alike, or next to nothing, are evaluated on all rows. Equal blocks are not named. Empty for
/// more blocks than kMostTied. `status` is the answer's; at most `trials` orders are evaluated. Collective over each
/// group.
[[nodiscard]] std::vector<Tie> find_ties(IslandGroup& group, const Answer& answer, Status status,
                                         const ErrorFloor& floor, const Parameters& parameters, std::size_t trials);

constexpr std::size_t kMostTied = 512;

/// Neighbours whose order a tie leaves open become interchangeable. Not collective.
void mark_tied(const std::vector<Tie>& ties, std::vector<Margin>& margins);

}  // namespace kintsugi
