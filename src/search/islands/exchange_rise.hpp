#pragma once

#include <set>

#include "core/order.hpp"
#include "objective/evaluator.hpp"
#include "objective/memory_budget.hpp"

namespace kintsugi {

/// By how much the sum of squared errors on all rows rises where two of the open blocks (given by their expand pieces)
/// exchange their compress pieces, in variances of the errors: the least of the likeliest exchanges (ExchangeModel),
/// evaluated exactly. Infinite where there is none. Collective over the evaluator's island.
[[nodiscard]] double least_exchange_rise(Evaluator& evaluator, const Blocks& blocks, const std::set<int>& open,
                                         const MemoryBudget& memory);

}  // namespace kintsugi
