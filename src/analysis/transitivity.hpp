#pragma once

#include <cstddef>
#include <span>

#include "core/study_results.hpp"

namespace kintsugi {

/// All triples of positions, and which of them contradict themselves: a before b, b before c, and c before a. Position
/// i comes before j > i where swapping them does not lower the error (gain >= 0). `gains` is [n x n] row-major; only i
/// < j is read. n^3 / 6 steps. Not collective.
[[nodiscard]] TransitivityStudy study_transitivity(std::span<const double> gains, std::size_t n);

}  // namespace kintsugi
