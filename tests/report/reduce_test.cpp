#include "report/reduce.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"

namespace kintsugi::report {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Reduce, SmallMatricesStayAsTheyAre) {
  const std::vector<double> matrix{1, 2, 3, 4, -kInfinity, 6};
  const Grid grid = reduce(matrix, 2, 3, 3, Keep::highest);
  EXPECT_EQ(grid.rows, 2U);
  EXPECT_EQ(grid.columns, 3U);
  EXPECT_EQ(grid.cell, 1U);
  EXPECT_EQ(grid.values[3], 4);
  EXPECT_TRUE(std::isnan(grid.values[4]));
}

TEST(Reduce, ASquareKeepsItsHighestOrLargestEntry) {
  // [3 x 5] in squares of 2: [2 x 3], those at the edges smaller.
  const std::vector<double> matrix{1, -9, 2, 3, 0, 4, 5, -8, 1, -7, 2, 2, -kInfinity, -kInfinity, -1};
  const Grid highest = reduce(matrix, 3, 5, 3, Keep::highest);
  EXPECT_EQ(highest.cell, 2U);
  ASSERT_EQ(highest.values.size(), 6U);
  EXPECT_EQ(highest.values[0], 5);
  EXPECT_EQ(highest.values[1], 3);
  EXPECT_EQ(highest.values[2], 0);
  EXPECT_EQ(highest.values[3], 2);
  EXPECT_TRUE(std::isnan(highest.values[4]));
  EXPECT_EQ(highest.values[5], -1);
  const Grid largest = reduce(matrix, 3, 5, 3, Keep::largest_magnitude);
  EXPECT_EQ(largest.values[0], -9);
  EXPECT_EQ(largest.values[1], -8);
  EXPECT_EQ(largest.values[2], -7);
}

TEST(Reduce, NeverMoreCellsThanAsked) {
  for (const std::size_t side : {1U, 159U, 160U, 161U, 1024U}) {
    const Grid grid = reduce(std::vector<double>(side * side, 1), side, side, 160, Keep::highest);
    EXPECT_LE(grid.rows, 160U);
    EXPECT_GE(grid.rows * grid.cell, side);
    EXPECT_EQ(std::ranges::count(grid.values, 1.0), static_cast<std::ptrdiff_t>(grid.values.size()));
  }
}

TEST(Thin, ACurveKeepsItsEndsAndItsExtremes) {
  Random random(5, 0, 0);
  std::vector<double> values(10'000);
  for (double& value : values) value = random.uniform();
  values[7777] = 50;
  values[4321] = -50;
  const std::vector<std::size_t> kept = thin_curve(values, 100);
  EXPECT_LE(kept.size(), 102U);
  EXPECT_EQ(kept.front(), 0U);
  EXPECT_EQ(kept.back(), 9999U);
  EXPECT_TRUE(std::ranges::is_sorted(kept));
  EXPECT_TRUE(std::ranges::binary_search(kept, 7777U));
  EXPECT_TRUE(std::ranges::binary_search(kept, 4321U));
  EXPECT_EQ(thin_curve(std::vector<double>{3, 1, 2}, 100), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(thin_curve({}, 100).empty());
}

TEST(Thin, ACloudKeepsTheLargestMagnitudes) {
  std::vector<double> values(5000, 0.001);
  values[10] = -3;
  values[4990] = 2;
  const std::vector<std::size_t> kept = thin_cloud(values, 200, 2);
  EXPECT_LE(kept.size(), 200U);
  EXPECT_GT(kept.size(), 150U);
  EXPECT_TRUE(std::ranges::binary_search(kept, 10U));
  EXPECT_TRUE(std::ranges::binary_search(kept, 4990U));
  EXPECT_EQ(std::ranges::adjacent_find(kept), kept.end());
  EXPECT_EQ(thin_cloud(std::vector<double>{1, 2}, 200, 2), (std::vector<std::size_t>{0, 1}));
}

TEST(Histogram, CountsEveryFiniteEntryOnce) {
  const std::vector<double> table{5, 0, 1, -kInfinity, 4, 1, 0, 0.5, 10};
  const Histogram bins = histogram(table, 3, 10);
  EXPECT_EQ(bins.low, 0);
  EXPECT_EQ(bins.high, 10);
  EXPECT_EQ(bins.chosen, (std::vector<std::size_t>{0, 0, 0, 0, 1, 1, 0, 0, 0, 1}));
  EXPECT_EQ(bins.others, (std::vector<std::size_t>{3, 2, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Histogram, WithoutASpreadOrWithoutEntries) {
  const Histogram one = histogram(std::vector<double>{7}, 1, 4);
  EXPECT_EQ(one.chosen, (std::vector<std::size_t>{1, 0, 0, 0}));
  EXPECT_LT(one.low, one.high);
  const Histogram none = histogram(std::vector<double>{-kInfinity}, 1, 4);
  EXPECT_EQ(none.chosen, (std::vector<std::size_t>{0, 0, 0, 0}));
  EXPECT_LT(none.low, none.high);
}

}  // namespace
}  // namespace kintsugi::report
