#pragma once

#include "core/rounding_tally.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// Evaluates `blocks` on all rows in float64 and in float32, by plain products, and judges the errors by the rule of
/// RoundingTally. Costs some five evaluations, and is counted as none. Collective over the evaluator's island; equal
/// results for any number of ranks.
[[nodiscard]] RoundingVerdict check_rounding(const Evaluator& evaluator, const Blocks& blocks,
                                             const FoundRounding& rounding, const ErrorFloorParameters& parameters);

}  // namespace kintsugi
