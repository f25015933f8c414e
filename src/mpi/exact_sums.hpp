#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kintsugi/mpi/comm.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi::mpi {

/// Sums of doubles whose result does not depend on the order or the grouping of the addends, and so not on the number
/// of ranks: each addend is cut into 32-bit digits of a fixed-point number that reaches from 2^-128 to 2^64, digits are
/// added as integers (after Kulisch's long accumulator; Demmel and Nguyen, Reproducible Summation, 2015). Bits below
/// 2^-128 are dropped from each addend. Up to 2^31 addends. A sum with an addend that is not finite, or beyond 2^63 in
/// magnitude, is +infinity.
class ExactSums {
 public:
  /// 64-bit words that one sum travels as: its digits, and a count of addends that do not fit.
  static constexpr std::size_t kWords = 7;

  explicit ExactSums(std::size_t count) : count_(count) {
    words_.reserve(count * kWords + 1);  // one more travels with reduce_or_stop()
    words_.resize(count * kWords, 0);
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  void add(std::size_t i, double value) noexcept;

  /// Adds what all ranks have, in place. Collective; equal sizes on all ranks.
  void reduce(const Comm& comm) { comm.sum(words_); }
  /// The same; or throws Stopped on all ranks where any has heard of a stop.
  void reduce_or_stop(const Comm& comm) { sum_or_stop(comm, words_); }

  /// Sum i, rounded once to double.
  [[nodiscard]] double value(std::size_t i) const noexcept;

 private:
  static constexpr int kDigits = static_cast<int>(kWords) - 1;
  static constexpr int kLowestExponent = -128;
  std::vector<std::int64_t> words_;
  std::size_t count_;
};

}  // namespace kintsugi::mpi
