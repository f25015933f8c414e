#pragma once

#include <optional>

#include "io/hdf5.hpp"
#include "io/hdf5_reader.hpp"
#include "kintsugi/core/problem_fingerprint.hpp"

/// The fingerprint of the problem that a file of results belongs to, in its root attributes: problem_weights,
/// problem_rows, problem_activation.
namespace kintsugi {

void put_problem_mark(h5::Image& image, const ProblemFingerprint& problem);

/// Nothing in files from before version 0.3. Throws InputError where only a part is there.
[[nodiscard]] std::optional<ProblemFingerprint> read_problem_mark(const h5::Group& root);

}  // namespace kintsugi
