#pragma once

#include <string>
#include <vector>

#include "cli/log_writer.hpp"

namespace kintsugi::cli {

/// What came of a solve, for people: a fact each, the verdict first; without times nothing that differs between runs.
[[nodiscard]] std::vector<Fact> verdict(const Solution& solution, const SolveEnding& ending, const SolveHeader& header,
                                        bool times);

/// "label        text", on several lines where it is wider than `columns` (0: as wide as may be).
[[nodiscard]] std::string fact_text(const Fact& fact, std::size_t columns, bool colour);

/// A path as it can be typed in a shell.
[[nodiscard]] std::string typed(const std::filesystem::path& path);

}  // namespace kintsugi::cli
