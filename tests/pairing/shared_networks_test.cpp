// The real puzzle and the networks beside it, where they are there.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "io/import.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "pairing/pairing.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

Network in_float32(const NetworkF64& network) {
  Network result;
  result.activation = network.activation;
  for (const PieceF64& p : network.pieces) {
    result.pieces.push_back(
        {p.index, p.out, p.in, {p.weight.begin(), p.weight.end()}, {p.bias.begin(), p.bias.end()}, p.source});
  }
  return result;
}

struct Known {
  std::string name;
  RowShape shape;
  bool trusted;  // as a whole
};

class SharedNetworks : public ::testing::TestWithParam<Known> {};

TEST_P(SharedNetworks, PairsRightOrSaysThatItDoesNotKnow) {
  const Known& known = GetParam();
  KINTSUGI_REQUIRE_SHARED(folder, "networks/" + known.name + "/pieces");
  KINTSUGI_REQUIRE_SHARED(answer_file, "networks/" + known.name + ".answer.txt");
  const Network network = in_float32(read_pieces(folder, Activation::relu));
  const std::vector<int> answer = read_answer(answer_file);
  std::map<int, int> partner;
  for (std::size_t i = 0; i + 1 < answer.size(); i += 2) partner[answer[i]] = answer[i + 1];

  const Roles roles = infer_roles(network, known.shape, {});
  EXPECT_EQ(roles.head, answer.back());
  ASSERT_EQ(roles.expand.size(), partner.size());
  const Pairing pairing = pair_pieces(network, roles, "auto");
  std::size_t wrong = 0;
  for (const PairScore& pair : pairing.pairs) {
    ASSERT_TRUE(partner.contains(pair.expand));
    const bool right = partner[pair.expand] == pair.compress;
    wrong += right ? 0 : 1;
    if (pair.trusted) {
      EXPECT_TRUE(right) << "expand piece " << pair.expand;
    }
  }
  EXPECT_EQ(pairing.trusted, known.trusted);
  if (known.trusted) {
    EXPECT_EQ(wrong, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SharedNetworks,
                         ::testing::Values(Known{"d1_adam", {4000, 48, 1}, true},
                                           Known{"d2_adamw", {4000, 48, 1}, true},
                                           Known{"d3_sgd", {4000, 48, 1}, false},
                                           Known{"d4_digits", {1797, 64, 10}, true},
                                           Known{"d5_gelu", {4000, 48, 1}, true}, Known{"d6_deep", {4000, 48, 1}, true},
                                           Known{"d7_untrained", {4000, 16, 1}, false}),
                         [](const auto& test) { return test.param.name; });

TEST(RealPuzzle, DominanceIsThatOfTheRecord) {
  KINTSUGI_REQUIRE_SHARED(folder, "puzzle/pieces");
  const Network network = in_float32(read_pieces(folder, Activation::relu));
  const Roles roles = infer_roles(network, {10000, 48, 1}, {});
  ASSERT_EQ(roles.expand.size(), 48U);
  const Pairing pairing = pair_by(network, roles, PairScoreKind::dominance);
  EXPECT_TRUE(pairing.trusted);
  const PairMatrix matrix = score_pairs(network, roles.expand, roles.compress, PairScoreKind::dominance);
  double lowest = 1e9;
  double highest = 0;
  double wrong_lowest = 1e9;
  double wrong_highest = 0;
  for (std::size_t i = 0; i < 48; ++i) {
    for (std::size_t j = 0; j < 48; ++j) {
      const bool pair = matrix.compress[j] == pairing.pairs[i].compress;
      double& low = pair ? lowest : wrong_lowest;
      double& high = pair ? highest : wrong_highest;
      low = std::min(low, matrix.at(i, j));
      high = std::max(high, matrix.at(i, j));
    }
  }
  EXPECT_NEAR(lowest, 1.764, 5e-4);
  EXPECT_NEAR(highest, 3.232, 5e-4);
  EXPECT_NEAR(wrong_lowest, 0.0001, 5e-5);
  EXPECT_NEAR(wrong_highest, 0.584, 5e-4);
  const Pairing best = pair_pieces(network, roles, "auto");
  EXPECT_TRUE(best.trusted);
  for (std::size_t i = 0; i < 48; ++i) EXPECT_EQ(best.pairs[i].compress, pairing.pairs[i].compress);
}

}  // namespace
}  // namespace kintsugi
