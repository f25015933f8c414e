#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/int128.hpp"

namespace kintsugi {

/// A stream of random numbers that is a pure function of (seed, stream, step): equal on every rank and every machine.
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t step = 0)
      : state_(mix(mix(mix(seed) + stream) + step)) {}

  [[nodiscard]] std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }

  /// Uniform in [0, bound), bound >= 1 (Lemire's multiply-and-reject: no modulo bias).
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    while (true) {
      const Wide product = static_cast<Wide>(next()) * bound;
      const auto low = static_cast<std::uint64_t>(product);
      if (low >= bound || low >= (0 - bound) % bound) return static_cast<std::uint64_t>(product >> 64);
    }
  }

  /// Uniform in [0, 1).
  [[nodiscard]] double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// Standard normal, by the sum-free polar method of Marsaglia.
  [[nodiscard]] double normal();

  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

  [[nodiscard]] std::uint64_t state() const { return state_; }
  void set_state(std::uint64_t state) { state_ = state; }

 private:
  __extension__ using Wide = unsigned __int128;  // not ISO C++, but in every compiler for 64-bit machines

  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace kintsugi
