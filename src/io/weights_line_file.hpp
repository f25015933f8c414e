#pragma once

#include "io/hdf5.hpp"
#include "io/hdf5_reader.hpp"
#include "kintsugi/core/solution.hpp"

/// What the weights alone say of the order, in files of results: the tables /line (expand, compress, off) and
/// /line_features (name, side, smoothness), and the root attributes line_agreement, line_significance,
/// line_significance_needed and line_places.
namespace kintsugi {

/// The line's blocks name pieces by their own indices. Writes nothing where there are none.
void put_weights_line(h5::Image& image, const WeightsLine& line);

/// An empty line where the file has none. Throws InputError that names the object and the rule.
[[nodiscard]] WeightsLine read_weights_line(const h5::Reader& reader);

}  // namespace kintsugi
