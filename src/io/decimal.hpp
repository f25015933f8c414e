#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace kintsugi {

/// A number read from text.
struct Decimal {
  double value = 0;
  const char* next = nullptr;  ///< behind the number, as std::from_chars gives it
  std::errc error{};           ///< as std::from_chars gives it
  bool wide = false;           ///< written with more than the nine significant digits that tell any two float32 apart
};

/// Whether all eight bytes are digits, and their number. Little-endian: the first digit is in the lowest byte.
inline bool are_digits(std::uint64_t eight) {
  constexpr std::uint64_t kHigh = 0xF0F0F0F0F0F0F0F0;
  return ((eight & kHigh) | (((eight + 0x0606060606060606) & kHigh) >> 4U)) == 0x3333333333333333;
}
inline std::uint64_t number_of_digits(std::uint64_t eight) {
  constexpr std::uint64_t kPairs = 0x000000FF000000FF;
  eight -= 0x3030303030303030;
  eight = 10 * eight + (eight >> 8U);  // in every second byte, two digits
  const std::uint64_t outer = (eight & kPairs) * (100 + (std::uint64_t{1'000'000} << 32U));
  const std::uint64_t inner = ((eight >> 16U) & kPairs) * (1 + (std::uint64_t{10'000} << 32U));
  return (outer + inner) >> 32U;
}

/// std::from_chars for double, several times faster on numbers like -0.123456789: a mantissa below 2^53 over a power of
/// ten up to 10^22 is one division, correctly rounded (Clinger, How to read floating point numbers accurately, PLDI
/// 1990). All other numbers go to std::from_chars.
inline Decimal read_decimal(const char* first, const char* last) {
  static constexpr std::array<double, 19> kPowers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  constexpr std::uint64_t kFloatDigits = 1'000'000'000;
  std::uint64_t mantissa = 0;
  const char* at = first;
  const auto read_digits = [&] {
    if constexpr (std::endian::native == std::endian::little) {
      std::uint64_t eight = 0;
      if (last - at >= std::ptrdiff_t{sizeof(eight)}) {
        std::memcpy(&eight, at, sizeof(eight));
        if (are_digits(eight)) {
          mantissa = 100'000'000 * mantissa + number_of_digits(eight);
          at += sizeof(eight);
        }
      }
    }
    for (; at != last; ++at) {
      const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
      if (digit > 9) return;
      mantissa = 10 * mantissa + digit;
    }
  };
  const bool negative = at != last && *at == '-';
  if (negative) ++at;
  const char* const digits = at;
  read_digits();
  const std::ptrdiff_t before = at - digits;
  std::ptrdiff_t after = 0;
  if (at != last && *at == '.') {
    ++at;
    read_digits();
    after = at - digits - before - 1;
  }
  constexpr std::ptrdiff_t kMostDigits = 18;  // as many fit 64 bits
  Decimal result;
  result.wide = before + after > kMostDigits || mantissa >= kFloatDigits;
  const bool has_exponent = at != last && (*at == 'e' || *at == 'E');
  if (before > 0 && before + after <= kMostDigits && mantissa < kExact && !has_exponent) {
    const double magnitude = static_cast<double>(mantissa) / kPowers[static_cast<std::size_t>(after)];
    result.value = negative ? -magnitude : magnitude;
    result.next = at;
  } else {
    const auto [next, error] = std::from_chars(first, last, result.value);
    result.next = next;
    result.error = error;
  }
  return result;
}

}  // namespace kintsugi
