#include "mpi/exact_sums.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::mpi {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kUnit = -128;  // of the accumulator: 2^-128

// The value in units, its fraction dropped.
Integer in_units(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(value), &exponent);
  Integer units = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  const int shift = exponent - 53 - kUnit;
  if (shift >= 0) {
    units <<= static_cast<unsigned>(shift);
  } else {
    units >>= static_cast<unsigned>(-shift);
  }
  return value < 0 ? Integer(-units) : units;
}

// The double nearest to a number of units, ties to even.
double rounded(const Integer& units) {
  if (units == 0) return 0;
  const Integer magnitude = abs(units);
  const auto bits = static_cast<int>(msb(magnitude)) + 1;
  const int cut = bits > 53 ? bits - 53 : 0;
  Integer kept = magnitude >> static_cast<unsigned>(cut);
  if (cut > 0) {
    const Integer rest = magnitude - (kept << static_cast<unsigned>(cut));
    const Integer half = Integer(1) << static_cast<unsigned>(cut - 1);
    if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  }
  const double result = std::ldexp(static_cast<double>(static_cast<std::uint64_t>(kept)), cut + kUnit);
  return units < 0 ? -result : result;
}

double exact_sum(std::span<const double> addends) {
  Integer sum = 0;
  for (const double addend : addends) sum += in_units(addend);
  return rounded(sum);
}

double accumulated(std::span<const double> addends) {
  ExactSums sums(1);
  for (const double addend : addends) sums.add(0, addend);
  return sums.value(0);
}

// Of either sign, with exponents from `low` to `high`.
std::vector<double> random_addends(std::uint64_t seed, std::size_t count, int low, int high) {
  Random random(seed);
  std::vector<double> addends(count);
  for (double& addend : addends) {
    const int exponent = low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
    addend = std::ldexp(1 + random.uniform(), exponent) * (random.below(2) == 0 ? 1 : -1);
  }
  return addends;
}

void expect_same_bits(double a, double b) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b)) << a << " and " << b;
}

TEST(ExactSums, EqualTheExactSumRoundedOnce) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const int low = -135 + static_cast<int>(seed) % 100;
    const std::vector<double> addends = random_addends(seed, 1 + seed % 40, low, std::min(62, low + 90));
    expect_same_bits(accumulated(addends), exact_sum(addends));
  }
}

TEST(ExactSums, SurviveCancellation) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<double> addends = random_addends(seed, 50, -60, 62);
    const std::size_t half = addends.size();
    for (std::size_t i = 0; i < half; ++i) addends.push_back(-addends[i]);
    expect_same_bits(accumulated(addends), 0.0);
    const std::vector<double> small = random_addends(seed + 1000, 3, -120, -100);
    addends.insert(addends.begin() + 20, small.begin(), small.end());
    Random(seed).shuffle(std::span(addends));
    expect_same_bits(accumulated(addends), exact_sum(small));
    EXPECT_NE(accumulated(addends), 0);
  }
}

TEST(ExactSums, RoundTiesToEvenAndAnythingBeyondATieAway) {
  const double big = 0x1.0p53;
  const double tiny = 0x1.0p-120;
  for (const double sign : {1.0, -1.0}) {
    EXPECT_EQ(accumulated(std::vector{sign * big, sign}), sign * big);
    EXPECT_EQ(accumulated(std::vector{sign * (big + 2), sign}), sign * (big + 4));
    EXPECT_EQ(accumulated(std::vector{sign * big, sign, sign * tiny}), sign * (big + 2));
    EXPECT_EQ(accumulated(std::vector{sign * (big + 2), sign, -sign * tiny}), sign * (big + 2));
    // Rounding up to the next power of two.
    EXPECT_EQ(accumulated(std::vector{sign * (2 * big - 1), sign * 0.5}), sign * 2 * big);
  }
}

TEST(ExactSums, DoNotDependOnTheOrder) {
  std::vector<double> addends = random_addends(7, 300, -100, 62);
  const double expected = accumulated(addends);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random(seed).shuffle(std::span(addends));
    expect_same_bits(accumulated(addends), expected);
  }
}

TEST(ExactSums, DropBitsBelowTheLowestTowardsZero) {
  const double unit = std::ldexp(1.0, kUnit);
  EXPECT_EQ(accumulated(std::vector<double>(1000, unit / 2)), 0);
  EXPECT_EQ(accumulated(std::vector<double>(1000, -unit * 0.999)), 0);
  EXPECT_EQ(accumulated(std::vector{unit}), unit);
  EXPECT_EQ(accumulated(std::vector{1.75 * unit}), unit);
  EXPECT_EQ(accumulated(std::vector{-1.75 * unit}), -unit);
  EXPECT_EQ(accumulated(std::vector{std::numeric_limits<double>::denorm_min(), -0.0, 0.0}), 0);
  EXPECT_EQ(accumulated(std::vector{std::numeric_limits<double>::min() / 3, 1.0}), 1);
}

TEST(ExactSums, HoldSumsFarBeyondTheLargestAddend) {
  const double largest = std::nextafter(0x1.0p63, 0.0);
  std::vector<double> addends(std::size_t{1} << 16, largest);
  EXPECT_EQ(accumulated(addends), std::ldexp(largest, 16));
  for (double& addend : addends) addend = -addend;
  EXPECT_EQ(accumulated(addends), -std::ldexp(largest, 16));
}

TEST(ExactSums, AreInfiniteWithAnAddendThatDoesNotFit) {
  for (const double bad : {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(), 0x1.0p63, -0x1.0p63,
                           std::numeric_limits<double>::max()}) {
    ExactSums sums(3);
    for (std::size_t i = 0; i < 3; ++i) sums.add(i, 1.5);
    sums.add(1, bad);
    sums.add(1, -bad);
    EXPECT_EQ(sums.value(0), 1.5);
    EXPECT_EQ(sums.value(1), kInfinity);
    EXPECT_EQ(sums.value(2), 1.5);
  }
}

// How a list is dealt to ranks.
std::size_t owner(int dealing, std::size_t i, std::size_t count, std::size_t ranks) {
  if (dealing == 0) return i % ranks;
  if (dealing == 1) return i * ranks / count;
  return ranks - 1;
}

TEST(ExactSums, DoNotDependOnTheNumberOfRanks) {
  const Comm world = Comm::world();
  constexpr std::size_t kSums = 9;
  std::vector<std::vector<double>> addends;
  for (std::size_t s = 0; s < kSums; ++s) addends.push_back(random_addends(s, 5 * s, -130, 62));
  for (int ranks = 1; ranks <= world.size(); ++ranks) {
    const Comm part = world.split(world.rank() < ranks ? 0 : 1);
    for (int dealing = 0; dealing < 3; ++dealing) {
      ExactSums sums(kSums);
      for (std::size_t s = 0; s < kSums; ++s) {
        for (std::size_t i = 0; i < addends[s].size(); ++i) {
          const std::size_t to = owner(dealing, i, addends[s].size(), static_cast<std::size_t>(part.size()));
          if (to == static_cast<std::size_t>(part.rank())) sums.add(s, addends[s][i]);
        }
      }
      sums.reduce(part);
      for (std::size_t s = 0; s < kSums; ++s) expect_same_bits(sums.value(s), exact_sum(addends[s]));
    }
  }
}

TEST(ExactSums, AreInfiniteEverywhereWhereOneRankOverflows) {
  const Comm world = Comm::world();
  for (int bad = 0; bad < world.size(); ++bad) {
    ExactSums sums(2);
    sums.add(0, 1);
    sums.add(1, world.rank() == bad ? -kInfinity : 1);
    sums.reduce(world);
    EXPECT_EQ(sums.value(0), world.size());
    EXPECT_EQ(sums.value(1), kInfinity);
  }
}

}  // namespace
}  // namespace kintsugi::mpi
