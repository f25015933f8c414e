#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/rounding.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// What stands out in a problem's rows, from one pass over all of them.
struct RowFacts {
  std::vector<double> input_mean;            ///< [d]
  std::vector<double> input_deviation;       ///< [d] standard deviation
  std::vector<double> prediction_mean;       ///< [k]
  std::vector<double> prediction_deviation;  ///< [k] standard deviation
  double farthest = 0;             ///< of all numbers: distance from its column's mean, in standard deviations
  FoundRounding rounding;          ///< how the predictions are rounded
  std::size_t zero_rows = 0;       ///< all inputs zero
  std::size_t repeated_rows = 0;   ///< inputs equal to those of an earlier row
  std::size_t contradictions = 0;  ///< of them, those whose predictions differ from the earlier row's
  std::size_t equal_targets = 0;   ///< rows whose target is the prediction
};
/// Rows are told apart by 64-bit hashes of their values.
[[nodiscard]] RowFacts look_at_rows(const ProblemFile& problem);

/// Of the predictions over rows, in the mean of outputs; 0 where nobody looked.
[[nodiscard]] double variance_of(const RowFacts& facts);

/// Sentences on what is unusual about the pieces: half precision, equal pieces, units that do nothing, missing biases.
[[nodiscard]] std::vector<std::string> diagnose_pieces(const NetworkF64& network);

/// Sentences on what is unusual about the rows: constant columns, zero or repeated rows, outlying ones, predictions
/// that are constant, far from 0, rounded, or of unlike scale.
[[nodiscard]] std::vector<std::string> diagnose_rows(const RowFacts& facts, const RowShape& shape);

/// What there is and what it would take, where the predictions are fewer than the pairs of `blocks` blocks.
struct FewRows {
  std::string evidence;
  std::string remedy;
};
[[nodiscard]] std::optional<FewRows> find_few_rows(const RowShape& shape, std::size_t blocks);

}  // namespace kintsugi::cli
