#include "core/order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "core/random.hpp"

namespace kintsugi {
namespace {

Blocks line_of(int count) {
  Blocks blocks;
  for (int b = 0; b < count; ++b) blocks.push_back({b, 100 + b});
  return blocks;
}

TEST(OrderDistance, CountsInversionsAndPairs) {
  const Blocks a = line_of(5);
  Blocks b = a;
  EXPECT_EQ(distance(a, b).inversions, 0U);
  std::ranges::reverse(b);
  EXPECT_EQ(distance(a, b).inversions, 10U);
  EXPECT_EQ(distance(a, b).pairs, 0U);
  b = a;
  insert_in(b, 0, 3);
  EXPECT_EQ(distance(a, b).inversions, 3U);
  EXPECT_EQ(distance(b, a).inversions, 3U);
  std::swap(b[0].compress, b[4].compress);
  EXPECT_EQ(distance(a, b).inversions, 3U) << "a block is known by its expand piece";
  EXPECT_EQ(distance(a, b).pairs, 2U);
}

TEST(OrderDistance, AgainstAllPairs) {
  Random random(4);
  for (int round = 0; round < 20; ++round) {
    const Blocks a = line_of(9);
    Blocks b = a;
    random.shuffle(std::span(b));
    std::size_t inversions = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
      for (std::size_t j = i + 1; j < b.size(); ++j) inversions += b[i].expand > b[j].expand ? 1 : 0;
    }
    EXPECT_EQ(distance(a, b).inversions, inversions);
  }
}

TEST(Order, AnInsertionAndItsReverse) {
  for (const auto& [from, to] : {std::pair{0, 4}, {4, 0}, {2, 3}, {3, 3}}) {
    Blocks order = line_of(5);
    insert_in(order, from, to);
    EXPECT_EQ(position_of(from, order), to);
    EXPECT_EQ(distance(order, line_of(5)).inversions, static_cast<std::size_t>(std::abs(to - from)));
    insert_in(order, to, from);
    EXPECT_EQ(order, line_of(5));
  }
}

}  // namespace
}  // namespace kintsugi
