#pragma once

#include <optional>

#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// The better of the best order and the incumbent on a larger sample, where the best one's error there shows that the
/// present sample is overfitted; none where it is not, or where all rows are in it. Collective.
[[nodiscard]] std::optional<ScoredOrder> on_larger_sample(Evaluator& evaluator, const ScoredOrder& best,
                                                          const ScoredOrder& incumbent,
                                                          const SampleSizeParameters& parameters);

}  // namespace kintsugi
