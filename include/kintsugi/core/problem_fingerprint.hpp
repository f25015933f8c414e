#pragma once

#include <string>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// What tells problems apart, part by part. Files of results hold it.
struct ProblemFingerprint {
  std::string weights;     ///< SHA-256 of all pieces' weights and biases as float32, in the order of their indices
  std::string rows;        ///< SHA-256 of inputs and predictions as float32, and of their shape
  std::string activation;  ///< by its name; behind a comma, the form of blocks that are not plain

  [[nodiscard]] bool operator==(const ProblemFingerprint&) const = default;
};

/// The fingerprint of a problem, whose network has no parts (see fold()). Of more than 2^24 numbers in the rows, 256
/// slabs of 32 rows count, evenly spread. Not collective; reads `rows`.
[[nodiscard]] ProblemFingerprint problem_fingerprint(const Network& network, RowSource& rows);

/// In what `theirs` is of another problem than `ours`, as the rest of a sentence that begins with what has it: "belongs
/// to a problem with other weights and rows, and the activation gelu instead of relu". Empty: in nothing.
[[nodiscard]] std::string differences(const ProblemFingerprint& theirs, const ProblemFingerprint& ours);

}  // namespace kintsugi
