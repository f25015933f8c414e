#pragma once

#include <ostream>
#include <string>

#include "report/contents.hpp"

namespace kintsugi::cli {

/// The essentials of a report for a terminal: the result, the starts, the least certain pairs and places, the answer.
void print_report(std::ostream& out, const report::Report& report);

/// A number of a table, with four digits; "-" where it is none.
[[nodiscard]] std::string number_text(double value);

}  // namespace kintsugi::cli
