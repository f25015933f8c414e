#pragma once

#include "cli/row_scales.hpp"
#include "core/number_format.hpp"
#include "core/precision_rule.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// The targets of PrecisionErrors at this order, in float64, by code of its own on the rows and the random weights that
/// `solve` takes: see ErrorFloor::precision_target(). Zero for float32.
[[nodiscard]] PrecisionErrors precision_targets(const NetworkF64& network, const Assembly& assembly,
                                                const ProblemFile& rows, WeightPrecision precision,
                                                const RowScales& scales);

}  // namespace kintsugi::cli
