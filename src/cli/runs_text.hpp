#pragma once

#include <cstddef>
#include <ostream>

#include "report/runs.hpp"

namespace kintsugi::cli {

/// Many runs as text, in lines of at most `columns` where words and first columns leave a choice: each of them, what
/// they cost on average, how they scale, in what they differ.
void print_runs(std::ostream& out, const report::Comparison& runs, std::size_t columns);

}  // namespace kintsugi::cli
