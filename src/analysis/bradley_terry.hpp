#pragma once

#include <cstddef>
#include <span>

#include "core/study_results.hpp"

namespace kintsugi {

/// Beyond this many temperatures a gain counts as this many: its label is 0 or 1 to within 2e-9, and a model that had
/// to tell much less from certainty could not be fitted in float64.
inline constexpr double kCertainGain = 20;

/// The model P(i before j) = 1 / (1 + exp(s_j - s_i)) of Bradley and Terry (1952), fitted by maximum likelihood to the
/// soft labels p_ij = 1 / (1 + exp(-g_ij / T)) of all pairs i < j: `gains` is [n x n] row-major, and only i < j is
/// read. An infinite gain is a certain one.
///
/// By Newton's method: the likelihood is concave, and its Hessian the Laplacian of a complete graph. (Hunter's MM
/// steps, Annals of Statistics 32, 2004, have the same limit but come near it in thousands of steps where labels are
/// hard.) Labels strictly between 0 and 1 for every pair make the maximum finite and unique. Not collective,
/// deterministic. Throws UsageError unless T > 0, and InputError for a gain that is no number.
[[nodiscard]] BradleyTerryFit fit_bradley_terry(std::span<const double> gains, std::size_t n, double temperature);

/// A temperature of the gains' own scale: the median |g| of neighbours, so that a typical neighbours' gain makes a
/// label of 0.73. Where that is 0, the least |g| that is not, and 1 where all are.
[[nodiscard]] double choose_temperature(std::span<const double> gains, std::size_t n);

}  // namespace kintsugi
