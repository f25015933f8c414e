#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kintsugi/mpi/comm.hpp"

namespace kintsugi {

/// Sums of gradients from many small groups of rows, equal to the last bit in whatever order and on whatever rank the
/// groups are added. Each addend is rounded to a multiple of kQuantum and added as an integer: cheaper by far than
/// ExactSums, for numbers whose size is known beforehand.
class GradientSums {
 public:
  /// Below float32's own rounding for all but the smallest gradients, and far below what an optimiser notices.
  static constexpr double kQuantum = 0x1.0p-35;

  /// `count` sums of at most `addends` addends each.
  GradientSums(std::size_t count, std::size_t addends);

  [[nodiscard]] std::size_t size() const noexcept { return words_.size() - 1; }
  /// Addends must stay below this in magnitude: 2^16 over the number of addends.
  [[nodiscard]] double limit() const noexcept { return limit_; }

  /// Adds values[i] to sum first + i.
  void add(std::size_t first, std::span<const float> values) noexcept;
  /// Adds what all ranks have, in place. Collective; equal sizes on all ranks.
  void reduce(const mpi::Comm& comm) { comm.sum(words_); }

  /// An addend was not finite, or beyond the limit; the sums mean nothing then. The same on all ranks after reduce().
  [[nodiscard]] bool overflowed() const noexcept { return words_.back() != 0; }
  /// The first values.size() sums, rounded once; all sums are zero afterwards.
  void take(std::span<float> values) noexcept;
  /// One sum.
  [[nodiscard]] double value(std::size_t i) const noexcept { return static_cast<double>(words_[i]) * kQuantum; }

 private:
  std::vector<std::int64_t> words_;  // the last counts calls of add() with values beyond the limit
  float limit_;
};

}  // namespace kintsugi
