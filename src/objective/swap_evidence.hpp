#pragma once

#include <vector>

#include "objective/linear_model.hpp"

namespace kintsugi {

/// How strongly the rows tell the order of each two neighbours of the model's order: of the swap's effect on all
/// predictions, the sum of squares that no swaps of other near pairs can make up for, by least squares. [blocks - 1],
/// by the position of the first. All zero where there are hardly more predictions than pairs.
///
/// Pairs are as far apart as `most_pairs` allows. Their squares in memory and, for each row, in operations. Leaves the
/// model as it is; to be taken with `near` 1 at the least. Collective over the evaluator's island.
[[nodiscard]] std::vector<double> swap_evidence(const LinearModel& model, std::size_t most_pairs);

}  // namespace kintsugi
