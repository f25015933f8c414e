#pragma once

#include "kintsugi/solve.hpp"
#include "solve/preparation.hpp"

namespace kintsugi {

/// Throws InputError where there are no rows to go by and the options do not say that the weights alone are wanted. Not
/// collective.
void require_predictions(const RowShape& shape, const PreparationOptions& options);

/// Rank 0's word on the head, on all ranks. Collective.
[[nodiscard]] int head_of(const mpi::Comm& world, const Preparation& preparation);

/// Makes the answer the smoothest line that the weights give, from the end whose expand piece has the lower index:
/// which end is the first is open. Errors and target are NaN. Throws Stopped on all ranks where the search for a line
/// was stopped. Collective.
void order_by_line(const mpi::Comm& world, const Preparation& preparation, Solution& solution);

/// The line from the end from which it agrees better with an order of the same expand pieces. Not collective.
[[nodiscard]] WeightsLine in_direction_of(WeightsLine line, const Blocks& answer);

}  // namespace kintsugi
