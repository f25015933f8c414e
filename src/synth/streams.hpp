#pragma once

#include <cstdint>

#include "core/random.hpp"

namespace kintsugi {

/// What a generated network draws random numbers for; each has a stream of its own.
enum class SynthStream : std::uint64_t {
  shuffle,
  copies,
  basis,
  block,
  head,
  inputs,
  noise,
  initial,
  teacher,
  batches,
  drift,
  parts,
  part_shuffle,
  some_parts
};

/// The salt keeps a network's streams apart from those of a search that is given the same seed.
[[nodiscard]] inline Random synth_random(std::uint64_t seed, SynthStream stream, std::uint64_t step = 0) {
  constexpr std::uint64_t kSalt = 0x73796E7468ULL;
  return Random(seed ^ kSalt, static_cast<std::uint64_t>(stream), step);
}

}  // namespace kintsugi
