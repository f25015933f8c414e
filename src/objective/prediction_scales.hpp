#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kintsugi/core/rows.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "objective/row_tile.hpp"

namespace kintsugi {

/// What the search multiplies the errors of predictions by, so that neither an output of another scale nor an outlying
/// row makes up the whole of its sum of squares. Powers of two: nothing is rounded.
struct PredictionScales {
  std::vector<float> of_output;            ///< [k]; empty: errors are not scaled
  std::vector<std::vector<float>> of_row;  ///< by the tiles given and their slots, kTileRows each
  std::size_t outlying = 0;                ///< rows on all ranks that count less than others
  float unit = 1;  ///< what brings the largest output near 1 where squares might not fit, else 1

  [[nodiscard]] bool any() const noexcept { return !of_output.empty(); }
};

/// A sentence; empty where errors are not scaled.
[[nodiscard]] std::string describe(const PredictionScales& scales);

/// Looks at medians: an output's scale is its median distance from its median, more where float32 rounds its numbers
/// more coarsely, for that distance, than another's. Outputs within a factor of eight of each other are of like
/// scale. A row is outlying where a prediction is 64 times as far from the median as usual. `tiles`: this rank's.
/// Collective over `comm`; equal on all ranks but for `of_row`.
[[nodiscard]] PredictionScales find_scales(const mpi::Comm& comm, const RowShape& shape,
                                           std::span<const RowTile> tiles);

/// How the numbers that all of several ranks have are put together.
struct Together {
  std::function<void(std::span<std::int64_t>)> sum;
  std::function<void(std::span<double>)> max;
};

/// That of a process which has all tiles.
[[nodiscard]] Together alone();

[[nodiscard]] PredictionScales find_scales(const Together& ranks, const RowShape& shape,
                                           std::span<const RowTile> tiles);

}  // namespace kintsugi
