#pragma once

#include <cstddef>

namespace kintsugi {

/// One tile of rows as the kernels want it: feature-major, the rows that fill it up are zero.
struct RowTile {
  std::size_t index = 0;               ///< in 0 .. tiles-1
  std::size_t rows = 0;                ///< real rows, at most kTileRows
  const float* inputs = nullptr;       ///< [d][kTileRows]
  const float* predictions = nullptr;  ///< [k][kTileRows]
  const float* scales = nullptr;       ///< [k][kTileRows]: what the search multiplies errors by; null: nothing
};

}  // namespace kintsugi
