#pragma once

#include <ostream>

#include "cli/generate_options.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/rows.hpp"
#include "synth/depth_study.hpp"
#include "synth/problem.hpp"

namespace kintsugi::cli {

/// What was made, besides what the options say.
struct GeneratedFacts {
  Assembly truth;
  RowShape rows;
  DepthCorrelations depth;
  TruthError truth_error;
  double loss_before = 0;  ///< of a trained network
  double loss_after = 0;
};

/// Describes the problem that has been written to options.output: lines for people, and one `RESULT key=value ...` line
/// at the end. Pair scores are computed from the file. Not collective.
void report_generated(std::ostream& out, const GenerateOptions& options, const GeneratedFacts& facts);

}  // namespace kintsugi::cli
