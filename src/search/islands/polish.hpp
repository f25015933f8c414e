#pragma once

#include <cstdint>

#include "kintsugi/core/parameters.hpp"
#include "search/islands/answer.hpp"

namespace kintsugi {

/// Betters an answer that rounding explains until no swap of neighbours that the first-order model leaves open, no
/// trade, move or exchange of pieces that do nearly the same (other_orders()), lowers its error on all rows in float64:
/// a search by float32 ends anywhere in that rounding. Costs nothing where every change lifts the error clearly; where
/// many do not, work is bounded by what the search took. An order that rounding explains no more is never taken. Not
/// where all rows are equal. `searched`: the search's evaluations. Collective over each group.
void polish(IslandGroup& group, const ErrorFloor& floor, const Parameters& parameters, std::int64_t searched,
            Answer& answer);

}  // namespace kintsugi
