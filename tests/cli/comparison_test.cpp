#include "cli/comparison.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"

namespace kintsugi::cli {
namespace {

Assembly random_assembly(std::size_t blocks, std::uint64_t seed) {
  Random random(seed);
  Assembly assembly;
  for (std::size_t t = 0; t < blocks; ++t)
    assembly.blocks.push_back({static_cast<int>(2 * t), static_cast<int>(2 * t + 1)});
  random.shuffle(std::span(assembly.blocks));
  assembly.head = static_cast<int>(2 * blocks);
  return assembly;
}

TEST(Compare, EqualAssembliesDoNotDiffer) {
  const Assembly a = random_assembly(9, 1);
  const Comparison comparison = compare(a, a);
  EXPECT_TRUE(comparison.differing.empty());
  EXPECT_TRUE(comparison.wrong_pairs.empty());
  EXPECT_EQ(comparison.inversions, 0U);
  EXPECT_EQ(comparison.kendall_tau, 1);
  EXPECT_TRUE(comparison.same_head);
}

TEST(Compare, EqualPiecesCanStandForEachOther) {
  NetworkF64 network;
  for (int p = 0; p < 7; ++p) {
    const double value = p == 2 ? 0 : p == 3 ? 1 : p;  // the second block is equal to the first
    network.pieces.push_back({.index = p, .out = 1, .in = 1, .weight = {value}, .bias = {}, .source = ""});
  }
  const Assembly a{{{0, 1}, {4, 5}, {2, 3}}, 6};
  const Assembly traded{{{2, 1}, {4, 5}, {0, 3}}, 6};
  EXPECT_EQ(with_equal_pieces_as(network, a, traded), a);
  const Assembly other{{{4, 5}, {2, 3}, {0, 1}}, 6};
  EXPECT_EQ(with_equal_pieces_as(network, a, other), (Assembly{{{4, 5}, {0, 1}, {2, 3}}, 6}));
}

TEST(Compare, ReversedOrderHasTauMinusOne) {
  const Assembly a = random_assembly(10, 2);
  Assembly b = a;
  std::reverse(b.blocks.begin(), b.blocks.end());
  const Comparison comparison = compare(a, b);
  EXPECT_EQ(comparison.inversions, 45U);
  EXPECT_EQ(comparison.kendall_tau, -1);
  EXPECT_EQ(comparison.differing.size(), 20U);
  EXPECT_TRUE(comparison.wrong_pairs.empty());
}

TEST(Compare, InversionsAsCountedPairByPair) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Assembly a = random_assembly(12, seed);
    const Assembly b = random_assembly(12, seed + 100);
    const auto place = [](const Assembly& assembly, int expand) {
      std::size_t t = 0;
      while (assembly.blocks[t].expand != expand) ++t;
      return t;
    };
    std::size_t inversions = 0;
    for (int e = 0; e < 24; e += 2) {
      for (int f = e + 2; f < 24; f += 2) {
        if ((place(a, e) < place(a, f)) != (place(b, e) < place(b, f))) ++inversions;
      }
    }
    EXPECT_EQ(compare(a, b).inversions, inversions) << "seed " << seed;
  }
}

TEST(Compare, WrongPairsAreThoseOfTheFirst) {
  const Assembly a = random_assembly(5, 3);
  Assembly b = a;
  std::swap(b.blocks[1].compress, b.blocks[4].compress);
  const Comparison comparison = compare(a, b);
  EXPECT_EQ(comparison.wrong_pairs, (std::vector<Block>{a.blocks[1], a.blocks[4]}));
  EXPECT_EQ(comparison.differing, (std::vector<std::size_t>{3, 9}));
  EXPECT_EQ(comparison.inversions, 0U);
}

TEST(Compare, PiecesWithAnotherRoleTakeNoPartInTheOrder) {
  const Assembly a{{{0, 1}, {2, 3}, {4, 5}}, 6};
  const Assembly b{{{4, 5}, {3, 2}, {0, 1}}, 6};
  const Comparison comparison = compare(a, b);
  EXPECT_EQ(comparison.inversions, 1U);
  EXPECT_EQ(comparison.kendall_tau, -1);
  EXPECT_EQ(comparison.wrong_pairs, (std::vector<Block>{{2, 3}}));
}

TEST(Compare, AnotherHead) {
  const Assembly a{{{0, 1}}, 2};
  const Assembly b{{{2, 1}}, 0};
  const Comparison comparison = compare(a, b);
  EXPECT_FALSE(comparison.same_head);
  EXPECT_EQ(comparison.kendall_tau, 1);
}

}  // namespace
}  // namespace kintsugi::cli
