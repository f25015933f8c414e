#pragma once

#include <ostream>

#include "report/runs.hpp"

namespace kintsugi::cli {

/// Many runs for a terminal: each of them, what they cost on average, how they scale, in what they differ.
void print_runs(std::ostream& out, const report::Comparison& runs);

}  // namespace kintsugi::cli
