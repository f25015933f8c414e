#include "kintsugi/core/rows.hpp"

#include <algorithm>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

void MemoryRows::read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) {
  const RowShape& s = rows_->shape;
  if (first + count > s.rows || inputs.size() != count * s.width || predictions.size() != count * s.outputs) {
    throw InternalError("MemoryRows::read: slab outside the rows, or a buffer of the wrong size");
  }
  std::copy_n(rows_->inputs.begin() + static_cast<std::ptrdiff_t>(first * s.width), inputs.size(), inputs.begin());
  std::copy_n(rows_->predictions.begin() + static_cast<std::ptrdiff_t>(first * s.outputs), predictions.size(),
              predictions.begin());
}

}  // namespace kintsugi
