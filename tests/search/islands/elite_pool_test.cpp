#include "search/islands/elite_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kintsugi {
namespace {

Blocks line_of(int count) {
  Blocks blocks;
  for (int b = 0; b < count; ++b) blocks.push_back({b, 100 + b});
  return blocks;
}

TEST(ElitePool, KeepsTheBestAndKeepsThemApart) {
  ElitePool pool(3, DistanceRule(0.1));  // of 45 pairs: up to 4 inversions are alike
  const Blocks a = line_of(10);
  Blocks near = a;
  std::swap(near[0], near[1]);
  Blocks far = a;
  std::ranges::reverse(far);
  EXPECT_TRUE(pool.offer({a, 0.5, 0}));
  EXPECT_FALSE(pool.offer({near, 0.6, 1})) << "alike and worse";
  EXPECT_FALSE(pool.offer({a, 0.5, 1})) << "the same";
  EXPECT_TRUE(pool.offer({near, 0.4, 1})) << "alike and better: in its place";
  ASSERT_EQ(pool.elites().size(), 1U);
  EXPECT_EQ(pool.elites()[0].island, 1);
  EXPECT_TRUE(pool.offer({far, 0.9, 2})) << "worse, but another";
  Blocks third = a;
  std::rotate(third.begin(), third.begin() + 5, third.end());
  EXPECT_TRUE(pool.offer({third, 0.7, 0}));
  Blocks fourth = far;
  std::rotate(fourth.begin(), fourth.begin() + 5, fourth.end());
  EXPECT_FALSE(pool.offer({fourth, 1.5, 0})) << "full, and worse than all";
  EXPECT_TRUE(pool.offer({fourth, 0.8, 0})) << "full: the worst goes";
  std::vector<double> errors;
  for (const Elite& elite : pool.elites()) errors.push_back(elite.mse);
  EXPECT_EQ(errors, (std::vector<double>{0.4, 0.7, 0.8}));
}

TEST(ElitePool, OtherPairsAreNeverAlike) {
  const DistanceRule rule(1);
  const Blocks a = line_of(6);
  Blocks b = a;
  std::swap(b[0].compress, b[1].compress);
  EXPECT_TRUE(rule.alike(a, a));
  EXPECT_FALSE(rule.alike(a, b));
}

TEST(ElitePool, ConsensusIsWhatAllAgreeOn) {
  ElitePool pool(4, DistanceRule(0));
  EXPECT_EQ(pool.consensus().order, 1);
  const Blocks a = line_of(5);
  Blocks b = a;
  std::swap(b[0], b[1]);
  Blocks c = a;
  std::swap(c[3], c[4]);
  std::swap(c[0].compress, c[2].compress);
  (void)pool.offer({a, 1, 0});
  (void)pool.offer({b, 2, 1});
  EXPECT_DOUBLE_EQ(pool.consensus().order, 0.9);
  EXPECT_DOUBLE_EQ(pool.consensus().pairs, 1);
  (void)pool.offer({c, 3, 2});
  EXPECT_DOUBLE_EQ(pool.consensus().order, 0.8);
  EXPECT_DOUBLE_EQ(pool.consensus().pairs, 0.6);
}

TEST(ElitePool, GoesOnFromItsState) {
  ElitePool first(4, DistanceRule(0));
  Blocks b = line_of(5);
  std::swap(b[0], b[1]);
  (void)first.offer({line_of(5), 1, 3});
  (void)first.offer({b, 2, 1});
  StateArchive written;
  first.state(written);
  ElitePool second(4, DistanceRule(0));
  StateArchive archive(written.words());
  second.state(archive);
  EXPECT_TRUE(archive.at_end());
  ASSERT_EQ(second.elites().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(second.elites()[i].blocks, first.elites()[i].blocks);
    EXPECT_EQ(second.elites()[i].mse, first.elites()[i].mse);
    EXPECT_EQ(second.elites()[i].island, first.elites()[i].island);
  }
}

}  // namespace
}  // namespace kintsugi
