#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "io/analysis_file.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/solution_file.hpp"

/// Everything that a report shows, gathered from a solution.h5 and, where given, its problem.h5 and an analysis.h5.
/// Positions count from 0, the first block; pieces are named by their own indices. L is the number of blocks.
namespace kintsugi::report {

/// The orders that the search kept, best first.
struct Elites {
  static constexpr int kOtherPair = std::numeric_limits<int>::max();

  std::vector<double> mse;
  std::vector<int> island;
  /// [elites x L]: the elite's position of the block at each position of the answer, less that position; kOtherPair
  /// where the elite has no such block.
  std::vector<int> displacement;
};

/// The scores that chose the pairs, as far as can be told.
struct ChosenScores {
  ScoreTable table;       ///< empty where there are no blocks
  bool as_stored = true;  ///< the table has what the solution has stored for its pairs
};

/// W_out W_in of one pair, row-major [width x width].
struct Product {
  int expand = 0;
  int compress = 0;
  int position = 0;  ///< of the expand piece
  bool chosen = true;
  double score = 0;
  std::vector<double> values;
};

/// Where the weights alone had the blocks.
struct LineFigures {
  WeightsLine line;         ///< pieces by their own indices
  std::vector<int> places;  ///< [L] the answer's position of the block at each position of the line
};

/// Predictions and what the network that was put together makes of the same inputs, in float64.
struct Fit {
  std::size_t rows = 0;  ///< evaluated
  std::size_t outputs = 0;
  std::vector<std::size_t> row;        ///< number of each evaluated row, from 0
  std::vector<double> prediction;      ///< [rows x outputs]
  std::vector<double> reconstruction;  ///< [rows x outputs]
};

/// What only the problem can tell.
struct ProblemFigures {
  std::string path;
  Activation activation = Activation::relu;
  std::size_t width = 0;
  std::size_t outputs = 0;
  std::size_t lowest_hidden = 0;
  std::size_t highest_hidden = 0;
  std::size_t rows = 0;
  /// [L x L] how alike the weights of the blocks are, by the answer's positions, in standard deviations; empty where
  /// nothing tells blocks apart.
  std::vector<double> similarity;
  ScoreTable scores;
  bool scores_agree = true;       ///< they are those that the solution has stored
  std::vector<Product> products;  ///< of some chosen pairs, each followed by one of the same expand piece with another
  Fit fit;
};

/// Of the page of a solve that still runs.
struct Live {
  double renewed = 0;  ///< when it was written, in seconds since 1970
  double within = 0;   ///< seconds in which the solve, if it lives, is all but sure to renew it
};

struct Report {
  std::string path;  ///< of the solution, as given
  StoredSolution stored;
  std::vector<Block> blocks;  ///< the answer's, by the pieces' own indices
  int head = 0;
  std::vector<std::vector<int>> start_positions;  ///< [starts][L]: the start's position of the answer's block
  std::optional<Elites> elites;
  std::optional<LineFigures> line;
  std::optional<ProblemFigures> problem;
  std::optional<StoredAnalysis> analysis;
};

/// Reads a solution.h5 with all that a report needs of it; what an older file does not have is left out. Throws
/// InputError that names the file, the object and the rule.
[[nodiscard]] Report read_report(const std::filesystem::path& solution);

/// Adds the line that the weights give. Throws InputError that begins with `place` where it is not of the answer's
/// blocks.
void add_line(Report& report, const WeightsLine& line, const std::string& place);

/// Adds what the problem tells: pair scores, products, and `fit`. `assembly` is the solution's answer as positions in
/// `network` and fits it; `scores` are of its L pairs.
void add_problem(Report& report, const std::filesystem::path& path, const Network& network, const Assembly& assembly,
                 ChosenScores scores, Fit fit, std::size_t all_rows);

/// One HTML page that needs nothing besides itself: styles, scripts, numbers and the charts' library (D3) are in it,
/// and its Content-Security-Policy lets nothing else in. Large tables are thinned, and the page says so. Equal reports
/// give equal bytes. With `live` the page loads itself anew every few seconds, until it has found itself unchanged for
/// longer than that allows; it then says so. Throws UsageError where the program was built without D3.
[[nodiscard]] std::string to_html(const Report& report, const std::optional<Live>& live = std::nullopt);

/// False where the program was built without D3, which to_html() needs.
[[nodiscard]] bool html_available();

}  // namespace kintsugi::report
