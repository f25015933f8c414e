#pragma once

#include <ostream>

#include "core/study_results.hpp"

namespace kintsugi::cli {

/// The study as tables for people, each with a line on what its columns are. Holds no times: equal studies give equal
/// text.
void print_study(std::ostream& out, const Study& study);

/// The same as one JSON object, with what the tables leave out; numbers that are not finite are null.
void print_study_json(std::ostream& out, const Study& study);

}  // namespace kintsugi::cli
