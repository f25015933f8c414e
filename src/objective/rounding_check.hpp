#pragma once

#include <span>

#include "core/rounding_tally.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// Evaluates `blocks` on all rows in float64, and judges the errors by the rule of RoundingTally. `outputs` are those
/// of the same order in float32, as Evaluator::check() has them; where it is empty, float32's own errors are those of
/// PlainForward, as `verify` has them, number by number. Costs some two evaluations (three), and is counted as none.
/// Collective over the evaluator's island; equal results for any number of ranks.
[[nodiscard]] RoundingVerdict check_rounding(const Evaluator& evaluator, const Blocks& blocks,
                                             std::span<const float> outputs, const FoundRounding& rounding,
                                             const ErrorFloorParameters& parameters);

}  // namespace kintsugi
