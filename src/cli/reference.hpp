#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/number_format.hpp"
#include "core/precision_rule.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// How far an assembled network is from a problem's predictions.
struct ReferenceResult {
  std::size_t rows = 0;
  double mse = 0;                  ///< mean over rows and outputs
  double largest_error = 0;        ///< of one prediction
  std::size_t largest_row = 0;     ///< its row, from 0
  double prediction_variance = 0;  ///< mean over outputs of the variance over rows
  double rounding = 0;             ///< MSE that rounding explains
  double excess = 0;               ///< squared errors in units of what rounding explains: up to 1, it explains them
  WeightPrecision precision = WeightPrecision::float32;  ///< the coarsest format that holds all weights
  PrecisionErrors precise;  ///< what the weights' rounding to `precision` explains; not asked where rounding does

  /// Rounding explains the errors, or the pieces' precision does.
  [[nodiscard]] bool reproduced() const { return excess <= 1 || by_precision(); }
  /// Only the pieces' precision explains the errors.
  [[nodiscard]] bool by_precision() const { return !(excess <= 1) && precise.explained(); }
};

/// Evaluates `assembly` on all rows in float64, with Eigen's products on slabs of rows: shares no code with the
/// solver's kernels, so that it can check them. `assembly` fits the network (check_assembly).
///
/// `rounding`, `excess` and `precise` are by the rules that `solve` has, too: see RoundingTally and PrecisionErrors.
[[nodiscard]] ReferenceResult evaluate_reference(const NetworkF64& network, const Assembly& assembly,
                                                 const ProblemFile& rows);

/// What `assembly` predicts for the inputs of `rows`, [rows x outputs] row-major, by the same code. Costs memory for
/// each row's state and hidden layer.
[[nodiscard]] std::vector<double> predict_reference(const NetworkF64& network, const Assembly& assembly,
                                                    const RowsF64& rows);

/// The permutation (the pieces' own indices) as positions in `network`. Throws InputError that names `origin` and the
/// rule: not every piece once.
[[nodiscard]] Assembly to_assembly(const NetworkF64& network, std::span<const int> permutation,
                                   const std::string& origin);

/// Throws InputError that names `origin`, the block and the rule unless the pieces' shapes chain up.
void check_assembly(const NetworkF64& network, const Assembly& assembly, const RowShape& rows,
                    const std::string& origin);

/// Throws InputError that names `file` and what differs where it says that it belongs to another problem.
void require_own(const std::filesystem::path& file, const NetworkF64& network, const ProblemFile& problem);

/// Throws InputError that names `path` and what can be done where the problem has no predictions.
void require_predictions(const ProblemFile& problem, const std::filesystem::path& path);

}  // namespace kintsugi::cli
