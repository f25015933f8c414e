#include "core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <vector>

namespace kintsugi {
namespace {

// Chi-square of counts that should be equal; its mean is cells - 1, its variance twice that.
double chi_square(std::span<const std::size_t> counts) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::size_t count : counts) sum += std::pow(static_cast<double>(count) - expected, 2) / expected;
  return sum;
}

// Within five standard deviations of what chance gives, on both sides.
void expect_uniform(std::span<const std::size_t> counts) {
  const double freedom = static_cast<double>(counts.size()) - 1;
  EXPECT_NEAR(chi_square(counts), freedom, 5 * std::sqrt(2 * freedom));
}

TEST(Random, IsAFunctionOfSeedStreamAndStep) {
  Random a(3, 4, 5);
  Random b(3, 4, 5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    for (std::uint64_t stream = 0; stream < 12; ++stream) {
      for (std::uint64_t step = 0; step < 12; ++step) firsts.insert(Random(seed, stream, step).next());
    }
  }
  EXPECT_EQ(firsts.size(), 12U * 12 * 12) << "neighbouring streams must differ";
}

TEST(Random, IsSplitMix64) {
  // The published generator's first numbers from state 0 (Vigna's splitmix64.c).
  Random random(0);
  random.set_state(0);
  EXPECT_EQ(random.next(), 0xE220A8397B1DCDAFULL);
  EXPECT_EQ(random.next(), 0x6E789E6AA1B965F4ULL);
  EXPECT_EQ(random.next(), 0x06C45D188009454FULL);
}

TEST(Random, GoesOnFromAStoredState) {
  Random a(9);
  for (int i = 0; i < 7; ++i) (void)a.next();
  Random b(1);
  b.set_state(a.state());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(Random, BelowIsUniformAndInRange) {
  for (const std::uint64_t bound : {1U, 2U, 3U, 7U, 48U, 97U}) {
    Random random(bound);
    std::vector<std::size_t> counts(bound, 0);
    for (std::size_t i = 0; i < 2000 * bound; ++i) {
      const std::uint64_t value = random.below(bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    if (bound > 1) expect_uniform(counts);
  }
}

TEST(Random, BelowHasNoModuloBias) {
  // With a bound of three quarters of 2^64, taking a remainder would hit the lowest third twice as often.
  const std::uint64_t bound = 3ULL << 62;
  std::array<std::size_t, 3> thirds{};
  Random random(5);
  for (int i = 0; i < 30000; ++i) ++thirds[random.below(bound) / (1ULL << 62)];
  expect_uniform(thirds);
}

TEST(Random, UniformFillsTheUnitInterval) {
  Random random(2);
  std::vector<std::size_t> counts(64, 0);
  for (int i = 0; i < 64000; ++i) {
    const double value = random.uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    ++counts[static_cast<std::size_t>(64 * value)];
  }
  expect_uniform(counts);
}

TEST(Random, NormalHasTheMomentsAndTailsOfTheNormal) {
  Random random(4);
  constexpr int kCount = 200000;
  std::array<double, 5> moments{};
  std::vector<std::size_t> quarters(4, 0);  // of the distribution: its quartiles are 0 and +-0.6745
  std::size_t beyond = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    for (std::size_t k = 1; k < moments.size(); ++k) moments[k] += std::pow(x, static_cast<double>(k)) / kCount;
    ++quarters[(x > 0 ? 2U : 0U) + (std::abs(x) > 0.674489750196 ? 1U : 0U)];
    beyond += std::abs(x) > 3 ? 1 : 0;
  }
  const double error = 5 / std::sqrt(static_cast<double>(kCount));  // of a mean with unit variance, five deviations
  EXPECT_NEAR(moments[1], 0, error);
  EXPECT_NEAR(moments[2], 1, error * std::sqrt(2.0));
  EXPECT_NEAR(moments[3], 0, error * std::sqrt(15.0));
  EXPECT_NEAR(moments[4], 3, error * std::sqrt(96.0));
  expect_uniform(quarters);
  EXPECT_NEAR(static_cast<double>(beyond), 0.0026998 * kCount, 5 * std::sqrt(0.0027 * kCount));
}

TEST(Random, ShuffleGivesEveryOrderEquallyOften) {
  std::map<std::vector<int>, std::size_t> seen;
  for (std::uint64_t step = 0; step < 24000; ++step) {
    std::vector<int> values{0, 1, 2, 3};
    Random(8, 0, step).shuffle(std::span(values));
    ++seen[values];
  }
  ASSERT_EQ(seen.size(), 24U);
  std::vector<std::size_t> counts;
  for (const auto& [order, count] : seen) counts.push_back(count);
  expect_uniform(counts);
}

TEST(Random, ShuffleOfNothingIsNothing) {
  std::vector<int> none;
  Random random(1);
  random.shuffle(std::span(none));
  std::vector<int> one{5};
  random.shuffle(std::span(one));
  EXPECT_EQ(one, std::vector<int>{5});
}

}  // namespace
}  // namespace kintsugi
