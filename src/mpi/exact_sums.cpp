#include "mpi/exact_sums.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "core/int128.hpp"

namespace kintsugi::mpi {

void ExactSums::add(std::size_t i, double value) noexcept {
  std::int64_t* const words = words_.data() + i * kWords;
  constexpr double kLargest = 0x1.0p63;
  if (!(std::fabs(value) < kLargest)) {
    ++words[kDigits];
    return;
  }
  // |value| = mantissa * 2^exponent with a mantissa of 53 bits (fewer for subnormals, which are dropped anyway).
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const int biased = static_cast<int>((bits >> 52) & 0x7FF);
  if (biased == 0) return;
  auto mantissa = (bits & 0xFFFFFFFFFFFFFULL) | 0x10000000000000ULL;
  int place = biased - 1075 - kLowestExponent;  // of the mantissa's lowest bit above the lowest digit's
  if (place < 0) {
    if (place <= -53) return;
    mantissa >>= -place;
    place = 0;
  }
  const int digit = place / 32;
  const Uint128 shifted = static_cast<Uint128>(mantissa) << (place % 32);
  const std::int64_t sign = (bits >> 63) != 0 ? -1 : 1;
  for (int k = 0; k < 3 && digit + k < kDigits; ++k) {
    words[digit + k] += sign * static_cast<std::int64_t>(static_cast<std::uint32_t>(shifted >> (32 * k)));
  }
}

double ExactSums::value(std::size_t i) const noexcept {
  const std::int64_t* const words = words_.data() + i * kWords;
  if (words[kDigits] != 0) return std::numeric_limits<double>::infinity();
  // Carry upwards, so that equal sums have equal digits, and take the magnitude, so that rounding is symmetric.
  std::int64_t digits[kDigits + 1] = {};
  std::int64_t carry = 0;
  for (int k = 0; k < kDigits; ++k) {
    const std::int64_t total = words[k] + carry;
    digits[k] = total & 0xFFFFFFFF;
    carry = total >> 32;
  }
  digits[kDigits] = carry;
  const bool negative = carry < 0;
  if (negative) {
    std::int64_t borrow = 1;
    for (int k = 0; k < kDigits; ++k) {
      const std::int64_t total = (~digits[k] & 0xFFFFFFFF) + borrow;
      digits[k] = total & 0xFFFFFFFF;
      borrow = total >> 32;
    }
    digits[kDigits] = ~digits[kDigits] + borrow;
  }
  // Three digits from the highest non-zero one hold at least 65 bits; the rest only breaks ties, so it is folded into
  // the lowest bit ("sticky") before the one rounding.
  int top = kDigits;
  while (top > 0 && digits[top] == 0) --top;
  Uint128 leading = 0;
  for (int k = top; k > top - 3; --k) leading = (leading << 32) | static_cast<std::uint64_t>(k >= 0 ? digits[k] : 0);
  bool rest = false;
  for (int k = 0; k < top - 2; ++k) rest = rest || digits[k] != 0;
  if (rest) leading |= 1;
  const double magnitude = std::ldexp(static_cast<double>(leading), 32 * (top - 2) + kLowestExponent);
  return negative ? -magnitude : magnitude;
}

}  // namespace kintsugi::mpi
