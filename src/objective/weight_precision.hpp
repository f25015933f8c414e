#pragma once

#include "core/number_format.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// MSE that the rounding of the weights to `precision` is expected to make, at this order: the predictions may be those
/// of weights that lie anywhere within half a unit in the last place. The mean square of what random weights of that
/// kind change, over `draws` draws and about `rows` rows, of errors as the evaluator scales them or as they are; 0 for
/// float32. Collective over the evaluator's island; equal results for any number of ranks.
[[nodiscard]] double precision_error(const Evaluator& evaluator, const Blocks& blocks, WeightPrecision precision,
                                     std::size_t rows, int draws, bool scaled = true);

}  // namespace kintsugi
