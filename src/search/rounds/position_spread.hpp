#pragma once

#include <cstddef>
#include <cstdint>

#include "kintsugi/core/parameters.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// How far the blocks of an order may be from their places, learnt from step to step: the standard deviation of a
/// normal prior about where they stand (PositionStep::posterior).
///
/// At first that of a random order. What the posterior leaves open is too small where the model errs, so the next
/// prior is some times as wide, but no wider than the last; and narrower where the error has not fallen for some steps.
class PositionSpread {
 public:
  explicit PositionSpread(const GaussNewtonParameters& parameters) : parameters_(parameters) {}

  /// Of a random order of so many blocks.
  void begin(std::size_t blocks);
  /// Before each step: the error where it begins.
  void note_error(double mse);
  /// After each step: the deviation that its posterior leaves, in positions.
  void note_left(double deviation);

  [[nodiscard]] double deviation() const noexcept { return deviation_; }
  /// How far a pair's sides are to count as open in the next step.
  [[nodiscard]] double bandwidth() const noexcept { return parameters_.open_width * left_; }

  void state(StateArchive& archive);

 private:
  GaussNewtonParameters parameters_;
  double deviation_ = 0;
  double left_ = 0;
  double lowest_ = 0;
  std::int64_t idle_ = 0;  // steps since the lowest error, or since the spread was narrowed for it
};

}  // namespace kintsugi
