#pragma once

#include <nlohmann/json.hpp>

#include "report/contents.hpp"

namespace kintsugi::report {

/// The page with these scripts, in this order, and what they draw. Throws UsageError where the program was built
/// without D3.
[[nodiscard]] std::string make_page(std::span<const std::string_view> scripts, const nlohmann::ordered_json& data);

/// What the page's scripts draw: the report as JSON, large tables thinned. Numbers that are not finite become null;
/// parts that the report does not have are null.
[[nodiscard]] nlohmann::ordered_json page_data(const Report& report);

/// The parts of it that come from the problem and from the analysis.
[[nodiscard]] nlohmann::ordered_json problem_data(const ProblemFigures& figures);
[[nodiscard]] nlohmann::ordered_json analysis_data(const StoredAnalysis& figures);

/// The line that the weights give, and with the problem the similarities in its order and in the answer's.
[[nodiscard]] nlohmann::ordered_json line_data(const Report& report);

/// Numbers for pictures, with as many digits as a person reads.
[[nodiscard]] nlohmann::ordered_json numbers(std::span<const double> values);
struct Grid;
[[nodiscard]] nlohmann::ordered_json grid_data(const Grid& grid);
/// A table of pair scores: its histogram and its picture.
[[nodiscard]] nlohmann::ordered_json score_data(const ScoreTable& table);

inline constexpr std::size_t kMostCells = 160;      ///< on each side of a picture of a matrix
inline constexpr std::size_t kMostPoints = 2000;    ///< of a cloud of points
inline constexpr std::size_t kMostVertices = 1500;  ///< of a curve

}  // namespace kintsugi::report
