#pragma once

#include <cstddef>

#include "kintsugi/io/problem_file.hpp"
#include "objective/prediction_scales.hpp"

namespace kintsugi::cli {

/// What the search multiplies the errors of a problem's predictions by (find_scales()), in any process. Reads all
/// predictions.
class RowScales {
 public:
  explicit RowScales(const ProblemFile& rows);
  [[nodiscard]] double of(std::size_t row, std::size_t output) const;

 private:
  PredictionScales scales_;
};

}  // namespace kintsugi::cli
