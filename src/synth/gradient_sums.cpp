#include "synth/gradient_sums.hpp"

#include <algorithm>
#include <bit>

namespace kintsugi {

namespace {

/// Added to a double of less than 2^51 in magnitude, this leaves its nearest integer in the low bits; unlike a
/// conversion instruction it exists for vectors on every machine.
constexpr double kMagic = 0x1.8p52;
constexpr auto kMagicBits = std::bit_cast<std::uint64_t>(kMagic);

}  // namespace

GradientSums::GradientSums(std::size_t count, std::size_t addends)
    : words_(count + 1, 0), limit_(0x1.0p16F / static_cast<float>(std::max<std::size_t>(addends, 1))) {}

void GradientSums::add(std::size_t first, std::span<const float> values) noexcept {
  // As unsigned integers, magnitudes of floats compare like the floats, and infinities and NaN are above all.
  const auto limit = std::bit_cast<std::uint32_t>(limit_);
  std::uint32_t beyond = 0;
  std::int64_t* const words = words_.data() + first;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float value = values[i];
    beyond |= (std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU) >= limit ? 1U : 0U;
    // Unsigned, since what is beyond the limit may wrap around.
    const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(value) * (1 / kQuantum) + kMagic);
    words[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(words[i]) + bits - kMagicBits);
  }
  words_.back() += beyond;
}

void GradientSums::take(std::span<float> values) noexcept {
  std::int64_t* const words = words_.data();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((std::bit_cast<double>(static_cast<std::uint64_t>(words[i]) + kMagicBits) - kMagic) *
                                   kQuantum);
    words[i] = 0;
  }
  std::fill(words_.begin() + static_cast<std::ptrdiff_t>(values.size()), words_.end(), 0);
}

}  // namespace kintsugi
