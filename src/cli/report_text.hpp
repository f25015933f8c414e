#pragma once

#include <ostream>

#include "report/contents.hpp"

namespace kintsugi::cli {

/// The essentials of a report for a terminal: the result, the starts, the least certain pairs and places, the answer.
void print_report(std::ostream& out, const report::Report& report);

}  // namespace kintsugi::cli
