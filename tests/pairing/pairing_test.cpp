#include "pairing/pairing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/made_network.hpp"

namespace kintsugi {
namespace {

using testing::MadeNetwork;
using testing::MadeOptions;

std::size_t wrong_pairs(const MadeNetwork& made, const Pairing& pairing) {
  return static_cast<std::size_t>(std::count_if(pairing.pairs.begin(), pairing.pairs.end(), [&](const PairScore& pair) {
    return made.partner(pair.expand) != pair.compress;
  }));
}

std::size_t trusted_pairs(const Pairing& pairing) {
  return static_cast<std::size_t>(
      std::count_if(pairing.pairs.begin(), pairing.pairs.end(), [](const PairScore& pair) { return pair.trusted; }));
}

Piece& piece(MadeNetwork& made, int position) { return made.network.pieces[static_cast<std::size_t>(position)]; }

TEST(Pairing, FindsAndTrustsDominantPairs) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const MadeNetwork made =
        testing::make_network({.blocks = 20, .hidden = {48, 24, 60}, .dominance = 0.7, .seed = seed});
    const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
    EXPECT_EQ(wrong_pairs(made, pairing), 0U);
    EXPECT_TRUE(pairing.trusted);
    EXPECT_GT(pairing.separation, 3);
    EXPECT_TRUE(pairing.kind == PairScoreKind::signed_dominance || pairing.kind == PairScoreKind::dominance);
  }
}

TEST(Pairing, FindsPairsByBalanceWhereTheDiagonalSaysNothing) {
  const MadeNetwork made = testing::make_network({.blocks = 20, .width = 24, .hidden = {96}, .balance = 0.4});
  EXPECT_GT(wrong_pairs(made, pair_by(made.network, made.roles, PairScoreKind::dominance)), 10U);
  const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
  EXPECT_EQ(wrong_pairs(made, pairing), 0U);
  EXPECT_TRUE(pairing.trusted);
}

TEST(Pairing, LearnsWhatThePairsHaveInCommon) {
  // Neither the diagonal nor the hidden units' norms single the pairs out, but they give enough of them for a start.
  const MadeNetwork made = testing::make_network({.blocks = 24, .width = 24, .hidden = {48}, .common = 0.5, .seed = 3});
  for (const PairScoreKind kind : {PairScoreKind::dominance, PairScoreKind::signed_dominance, PairScoreKind::balance}) {
    EXPECT_FALSE(pair_by(made.network, made.roles, kind).trusted) << to_string(kind);
    EXPECT_GT(wrong_pairs(made, pair_by(made.network, made.roles, kind)), 0U) << to_string(kind);
  }
  const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
  EXPECT_EQ(pairing.kind, PairScoreKind::learned);
  EXPECT_EQ(wrong_pairs(made, pairing), 0U);
  EXPECT_TRUE(pairing.trusted);
}

TEST(Pairing, ReportsScoreRunnerUpAndMargin) {
  const MadeNetwork made = testing::make_network({.blocks = 9, .hidden = {48, 32}, .dominance = 0.2, .seed = 4});
  const Pairing pairing = pair_by(made.network, made.roles, PairScoreKind::signed_dominance);
  const PairMatrix matrix =
      score_pairs(made.network, made.roles.expand, made.roles.compress, PairScoreKind::signed_dominance);
  ASSERT_EQ(pairing.pairs.size(), made.roles.expand.size());
  for (std::size_t i = 0; i < pairing.pairs.size(); ++i) {
    const PairScore& pair = pairing.pairs[i];
    EXPECT_EQ(pair.expand, made.roles.expand[i]);
    double best = -1e300;
    int best_piece = -1;
    for (std::size_t j = 0; j < matrix.compress.size(); ++j) {
      if (matrix.compress[j] == pair.compress) {
        EXPECT_EQ(pair.score, matrix.at(i, j));
      } else if (matrix.at(i, j) > best && std::isfinite(matrix.at(i, j))) {
        best = matrix.at(i, j);
        best_piece = matrix.compress[j];
      }
    }
    EXPECT_EQ(pair.runner_up, best_piece);
    EXPECT_EQ(pair.runner_up_score, best);
    EXPECT_EQ(pair.score_margin, pair.score - best);
  }
}

TEST(Pairing, TheOnlyPairOfAHiddenSizeIsTrusted) {
  const MadeNetwork made = testing::make_network({.blocks = 3, .hidden = {8, 16, 40}});
  for (const PairScoreKind kind : kPairScoreKinds) {
    const Pairing pairing = pair_by(made.network, made.roles, kind);
    EXPECT_EQ(wrong_pairs(made, pairing), 0U);
    EXPECT_TRUE(pairing.trusted);
    EXPECT_TRUE(std::isinf(pairing.gap));
    for (const PairScore& pair : pairing.pairs) EXPECT_EQ(pair.runner_up, -1);
  }
}

TEST(Pairing, LeavesPairsWithoutASignalUntrusted) {
  MadeNetwork made = testing::make_network({.blocks = 14, .dominance = 0.7, .seed = 6});
  std::vector<int> blanked;
  for (std::size_t b = 0; b < 3; ++b) {
    blanked.push_back(made.truth.blocks[b].expand);
    testing::blank(piece(made, made.truth.blocks[b].compress), 50 + b);
  }
  const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
  EXPECT_FALSE(pairing.trusted);
  for (const PairScore& pair : pairing.pairs) {
    const bool is_blank = std::find(blanked.begin(), blanked.end(), pair.expand) != blanked.end();
    EXPECT_EQ(pair.trusted, !is_blank);
    if (!is_blank) {
      EXPECT_EQ(pair.compress, made.partner(pair.expand));
    }
  }
}

TEST(Pairing, TrustsTheLastPairForWantOfAnother) {
  MadeNetwork made = testing::make_network({.blocks = 14, .dominance = 0.7, .seed = 6});
  testing::blank(piece(made, made.truth.blocks[5].compress), 50);
  const Pairing pairing = pair_by(made.network, made.roles, PairScoreKind::signed_dominance);
  EXPECT_EQ(wrong_pairs(made, pairing), 0U);
  EXPECT_TRUE(pairing.trusted);
}

TEST(Pairing, EqualBlocksAreNoRivals) {
  MadeNetwork made = testing::make_network({.blocks = 10, .dominance = 0.7, .seed = 8});
  const Block& a = made.truth.blocks[2];
  const Block& b = made.truth.blocks[7];
  for (const auto& [from, to] : {std::pair(a.expand, b.expand), std::pair(a.compress, b.compress)}) {
    piece(made, to).weight = piece(made, from).weight;
    piece(made, to).bias = piece(made, from).bias;
  }
  const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
  EXPECT_TRUE(pairing.trusted) << "whichever of the equal pieces goes with which, the blocks are the same";
}

TEST(Pairing, DoesNotTrustPiecesThatOnlyBiasesTellApart) {
  MadeNetwork made = testing::make_network({.blocks = 10, .dominance = 0.7, .seed = 8});
  const Block& a = made.truth.blocks[2];
  const Block& b = made.truth.blocks[7];
  piece(made, b.expand).weight = piece(made, a.expand).weight;
  piece(made, b.compress).weight = piece(made, a.compress).weight;
  piece(made, b.expand).bias.assign(piece(made, b.expand).out, 0.5F);
  piece(made, b.compress).bias.assign(piece(made, b.compress).out, 0.5F);
  for (const PairScoreKind kind : kPairScoreKinds) {
    const Pairing pairing = pair_by(made.network, made.roles, kind);
    for (const PairScore& pair : pairing.pairs) {
      if (pair.expand == a.expand || pair.expand == b.expand) {
        EXPECT_FALSE(pair.trusted) << to_string(kind);
      }
    }
  }
}

// Weights of many kinds and sizes that say nothing on the pairs.
MadeNetwork untrained(std::uint64_t seed) {
  Random random(seed, 9);
  MadeOptions options;
  options.blocks = 2 + random.below(20);
  options.width = 3 + random.below(random.below(2) == 0 ? 14 : 40);
  options.hidden = {2 + random.below(2 * options.width + 8)};
  options.seed = seed;
  MadeNetwork made = testing::make_network(options);
  const std::uint64_t law = random.below(3);
  for (Piece& p : made.network.pieces) {
    const double scale = std::exp(random.normal());  // every piece at its own scale
    for (float& w : p.weight) {
      if (law == 0) w = static_cast<float>(2 * random.uniform() - 1);  // PyTorch's default is uniform
      if (law == 1) w *= static_cast<float>(scale);
    }
  }
  return made;
}

TEST(Pairing, DoesNotTrustUntrainedNetworks) {
  std::size_t trusted = 0;
  std::size_t with_a_trusted_pair = 0;
  constexpr std::size_t kNetworks = 400;
  for (std::uint64_t seed = 0; seed < kNetworks; ++seed) {
    const MadeNetwork made = untrained(seed);
    const Pairing pairing = pair_pieces(made.network, made.roles, "auto");
    trusted += pairing.trusted ? 1 : 0;
    with_a_trusted_pair += trusted_pairs(pairing) > 0 ? 1 : 0;
  }
  EXPECT_EQ(trusted, 0U);
  EXPECT_LE(with_a_trusted_pair, kNetworks / 100);
}

TEST(Pairing, IsTheSameWhateverTheOrderOfThePieces) {
  const MadeNetwork made =
      testing::make_network({.blocks = 12, .width = 16, .hidden = {24}, .dominance = 0.3, .balance = 0.2, .seed = 11});
  Network reversed = made.network;
  std::reverse(reversed.pieces.begin(), reversed.pieces.end());
  const int last = static_cast<int>(made.network.pieces.size()) - 1;
  Roles roles = made.roles;
  for (std::vector<int>* list : {&roles.expand, &roles.compress}) {
    for (int& position : *list) position = last - position;
    std::reverse(list->begin(), list->end());
  }
  for (const PairScoreKind kind : kPairScoreKinds) {
    const Pairing a = pair_by(made.network, made.roles, kind);
    const Pairing b = pair_by(reversed, roles, kind);
    ASSERT_EQ(a.pairs.size(), b.pairs.size());
    for (std::size_t i = 0; i < a.pairs.size(); ++i) {
      const PairScore& x = a.pairs[i];
      const PairScore& y = b.pairs[b.pairs.size() - 1 - i];
      EXPECT_EQ(x.expand, last - y.expand);
      EXPECT_EQ(x.compress, last - y.compress) << to_string(kind);
      EXPECT_EQ(x.trusted, y.trusted) << to_string(kind);
    }
  }
}

TEST(Pairing, RefusesRolesThatDoNotPairUp) {
  const MadeNetwork made = testing::make_network({.blocks = 4, .hidden = {8, 16}});
  Roles roles = made.roles;
  roles.compress.pop_back();
  EXPECT_THROW((void)pair_pieces(made.network, roles, "auto"), InternalError);
}

TEST(Pairing, RefusesUnknownNames) {
  const MadeNetwork made = testing::make_network({.blocks = 2});
  EXPECT_THROW((void)pair_pieces(made.network, made.roles, "best"), UsageError);
}

}  // namespace
}  // namespace kintsugi
