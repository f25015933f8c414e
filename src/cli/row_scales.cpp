#include "cli/row_scales.hpp"

#include <algorithm>
#include <vector>

#include "kernels/gemm.hpp"

namespace kintsugi::cli {

using kernels::kTileRows;

RowScales::RowScales(const ProblemFile& rows) {
  const RowShape shape = rows.shape();
  const std::size_t tiles = (shape.rows + kTileRows - 1) / kTileRows;
  const std::size_t of_tile = shape.outputs * kTileRows;
  std::vector<float> predictions(tiles * of_tile, 0.0F);
  std::vector<RowTile> all(tiles);
  for (std::size_t t = 0; t < tiles; ++t) {
    const std::size_t first = t * kTileRows;
    const std::size_t count = std::min(kTileRows, shape.rows - first);
    float* const tile = predictions.data() + t * of_tile;
    all[t] = {.index = t, .rows = count, .predictions = tile};
    const RowsF64 given = rows.read_f64(first, count);
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t q = 0; q < shape.outputs; ++q)
        tile[q * kTileRows + row] = static_cast<float>(given.predictions[row * shape.outputs + q]);
    }
  }
  scales_ = find_scales(alone(), shape, all);
}

double RowScales::of(std::size_t row, std::size_t output) const {
  if (!scales_.any()) return 1;
  return static_cast<double>(scales_.of_output[output]) * scales_.of_row[row / kTileRows][row % kTileRows];
}

}  // namespace kintsugi::cli
