#include "pairing/likely_pairs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "pairing/made_network.hpp"

namespace kintsugi {
namespace {

using testing::MadeNetwork;
using testing::MadeOptions;

// Pairs of which `trusted` are said to be sure: the true ones, first in the list.
std::vector<PairScore> true_pairs(const MadeNetwork& made, std::size_t trusted = 0) {
  std::vector<PairScore> pairs;
  for (const int expand : made.roles.expand) {
    pairs.push_back({.expand = expand, .compress = made.partner(expand), .trusted = pairs.size() < trusted});
  }
  return pairs;
}

// Mean share of the true pairs.
double share_of_truth(const MadeNetwork& made, const PairShares& likely) {
  double sum = 0;
  for (std::size_t i = 0; i < likely.expand.size(); ++i) {
    const auto found = std::ranges::find(likely.compress, made.partner(likely.expand[i]));
    sum += likely.shares[i * likely.compress.size() + static_cast<std::size_t>(found - likely.compress.begin())];
  }
  return sum / static_cast<double>(likely.expand.size());
}

TEST(LikelyPairs, TrueOnesHaveTheLargerShares) {
  // Faint signs of either kind, on three kinds of networks: pairs are not singled out, but far from equally likely.
  for (const MadeOptions& options :
       {MadeOptions{.blocks = 32, .dominance = 0.3}, MadeOptions{.blocks = 32, .hidden = {64}, .balance = 0.25},
        MadeOptions{.blocks = 32, .hidden = {64}, .dominance = 0.25, .balance = 0.15}}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      MadeOptions seeded = options;
      seeded.seed = seed;
      const MadeNetwork made = testing::make_network(seeded);
      const PairShares likely = likely_pairs(made.network, true_pairs(made));
      ASSERT_FALSE(likely.empty()) << seed;
      EXPECT_GT(share_of_truth(made, likely), 0.2) << seed;
    }
  }
}

TEST(LikelyPairs, RowsAndColumnsSumToOneWithinEachHiddenSize) {
  const MadeNetwork made = testing::make_network({.blocks = 40, .hidden = {48, 24}, .dominance = 0.35, .seed = 2});
  const PairShares likely = likely_pairs(made.network, true_pairs(made));
  ASSERT_FALSE(likely.empty());
  const std::size_t size = likely.compress.size();
  ASSERT_EQ(likely.shares.size(), size * size);
  const auto hidden_out = [&](int p) { return made.network.pieces[static_cast<std::size_t>(p)].out; };
  const auto hidden_in = [&](int p) { return made.network.pieces[static_cast<std::size_t>(p)].in; };
  for (std::size_t i = 0; i < size; ++i) {
    double row = 0;
    double column = 0;
    for (std::size_t j = 0; j < size; ++j) {
      row += likely.shares[i * size + j];
      column += likely.shares[j * size + i];
      const bool fits = hidden_out(likely.expand[i]) == hidden_in(likely.compress[j]);
      EXPECT_TRUE(fits || likely.shares[i * size + j] == 0);
    }
    EXPECT_NEAR(row, 1, 1e-9);
    EXPECT_NEAR(column, 1, 1e-9);
  }
}

TEST(LikelyPairs, OnlyUntrustedOnesCount) {
  const MadeNetwork made = testing::make_network({.blocks = 32, .dominance = 0.3, .seed = 5});
  const std::vector<PairScore> pairs = true_pairs(made, 12);
  const PairShares likely = likely_pairs(made.network, pairs);
  ASSERT_EQ(likely.expand.size(), 20U);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(std::ranges::count(likely.expand, pairs[i].expand), i < 12 ? 0 : 1);
    EXPECT_EQ(std::ranges::count(likely.compress, pairs[i].compress), i < 12 ? 0 : 1);
  }
  EXPECT_TRUE(likely_pairs(made.network, true_pairs(made, 32)).empty());
}

TEST(LikelyPairs, OfUnrelatedPiecesNothingIsSaid) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const MadeNetwork made = testing::make_network({.blocks = 24, .hidden = {32, 48}, .seed = seed});
    EXPECT_TRUE(likely_pairs(made.network, true_pairs(made)).empty()) << seed;
  }
}

TEST(LikelyPairs, EqualOrEmptyPiecesAreNoError) {
  MadeNetwork made = testing::make_network({.blocks = 6, .seed = 3});
  for (const int expand : made.roles.expand) {
    for (const int position : {expand, made.partner(expand)}) {
      Piece& piece = made.network.pieces[static_cast<std::size_t>(position)];
      std::ranges::fill(piece.weight, 0.0F);
    }
  }
  EXPECT_TRUE(likely_pairs(made.network, true_pairs(made)).empty());
  const MadeNetwork single = testing::make_network({.blocks = 1});
  EXPECT_TRUE(likely_pairs(single.network, true_pairs(single)).empty());
}

}  // namespace
}  // namespace kintsugi
