#pragma once

#include "kintsugi/core/parameters.hpp"
#include "objective/linear_model.hpp"

namespace kintsugi {

/// How much of the rows' errors a regression explains, as a test of whether what is left is noise.
struct ResidualTest {
  double r_squared = 0;  ///< the explained share of the errors' sum of squares
  double threshold = 0;  ///< what R^2 stays below for errors that have nothing to do with the inputs
  bool noise = false;    ///< there are rows enough to tell, and R^2 is below the threshold
};

/// Tests the errors at the model's point of linearisation: the errors of a wrong order are a function of the inputs and
/// made of the effects of swaps, noise in the predictions is not.
///
/// 1. Features of each row: 1, the inputs, and the effects of swapping blocks a few positions apart.
/// 2. Least squares of the errors on the features, all channels in one; and of each by itself, since the noise of one
/// output may hide what is left in another.
/// 3. For errors without a cause, R^2 has a beta distribution; the threshold is some standard deviations above its
/// mean.
///
/// F^2 / 2 exact sums and F^2 operations a row for F features. Leaves the model as it is. Collective over the
/// evaluator's island.
[[nodiscard]] ResidualTest test_residuals(const LinearModel& model, const ResidualTestParameters& parameters = {});

/// The same at `blocks` on all rows, which becomes the model's point of linearisation; all zero where the error
/// overflows. Collective.
[[nodiscard]] ResidualTest test_residuals(LinearModel& model, const Blocks& blocks,
                                          const ResidualTestParameters& parameters = {});

}  // namespace kintsugi
