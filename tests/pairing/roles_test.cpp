#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/made_network.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi {
namespace {

using testing::MadeNetwork;

void expect_roles(const MadeNetwork& made, const Roles& roles) {
  EXPECT_EQ(roles.expand, made.roles.expand);
  EXPECT_EQ(roles.compress, made.roles.compress);
  EXPECT_EQ(roles.head, made.roles.head);
  EXPECT_EQ(roles.width, made.roles.width);
  EXPECT_EQ(roles.outputs, made.roles.outputs);
}

void expect_refused(const std::function<void()>& call, const std::vector<std::string>& words) {
  try {
    call();
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    for (const std::string& word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << "no '" << word << "' in: " << error.what();
    }
  }
}

std::vector<int> indices(const MadeNetwork& made, const std::vector<int>& positions) {
  std::vector<int> result;
  for (const int position : positions) result.push_back(made.network.pieces[static_cast<std::size_t>(position)].index);
  return result;
}

void remove_piece(MadeNetwork& made, int position) {
  made.network.pieces.erase(made.network.pieces.begin() + position);
}

TEST(Roles, FollowFromShapes) {
  for (const std::size_t outputs : {1U, 10U, 12U}) {
    const MadeNetwork made =
        testing::make_network({.blocks = 9, .width = 12, .hidden = {24, 7, 13}, .outputs = outputs, .seed = outputs});
    if (outputs == 12) {
      // The only square piece is the head.
      ASSERT_EQ(made.network.pieces[static_cast<std::size_t>(made.roles.head)].out, 12U);
    }
    expect_roles(made, infer_roles(made.network, made.shape, {}));
    expect_roles(made, infer_roles(made.network, made.shape, indices(made, made.roles.expand)));
    EXPECT_TRUE(guess_roles(made.network, made.shape, {}).square.empty());
  }
}

TEST(Roles, ANetworkMayBeAHeadAlone) {
  const MadeNetwork made = testing::make_network({.blocks = 0, .width = 5, .outputs = 2});
  expect_roles(made, infer_roles(made.network, made.shape, {}));
}

TEST(Roles, RefusesImpossibleShapes) {
  MadeNetwork made = testing::make_network({.blocks = 3, .width = 12, .hidden = {24}});
  Piece& odd = made.network.pieces[4];
  odd.out = 20;
  odd.in = 10;
  odd.weight.assign(200, 1);
  expect_refused([&] { (void)infer_roles(made.network, made.shape, {}); },
                 {"piece 4", "made/4", "20 x 10", "width of 12", "1 output", "1 x 12"});
}

TEST(Roles, RefusesNetworksWithoutAHead) {
  MadeNetwork made = testing::make_network({.blocks = 3, .width = 12, .hidden = {24}});
  remove_piece(made, made.roles.head);
  expect_refused([&] { (void)infer_roles(made.network, made.shape, {}); }, {"head", "1 x 12"});
  MadeNetwork square = testing::make_network({.blocks = 3, .width = 12, .hidden = {24}, .outputs = 12});
  remove_piece(square, square.roles.head);
  expect_refused([&] { (void)infer_roles(square.network, square.shape, {}); }, {"head", "12 x 12"});
  MadeNetwork equal = testing::make_network({.blocks = 3, .width = 12, .hidden = {6}, .outputs = 6});
  remove_piece(equal, equal.roles.head);
  expect_refused([&] { (void)infer_roles(equal.network, equal.shape, {}); }, {"hidden size 6", "head"});
}

TEST(Roles, RefusesASecondHead) {
  MadeNetwork made = testing::make_network({.blocks = 3, .width = 12, .hidden = {24}});
  Piece second = made.network.pieces[static_cast<std::size_t>(made.roles.head)];
  second.index = 7;
  made.network.pieces.push_back(second);
  expect_refused([&] { (void)infer_roles(made.network, made.shape, {}); },
                 {std::to_string(made.roles.head) + ", 7", "1 x 12", "one head"});
}

TEST(Roles, RefusesHiddenSizesThatDoNotMatchUp) {
  MadeNetwork made = testing::make_network({.blocks = 4, .width = 12, .hidden = {24, 30}});
  int gone = -1;
  for (const int c : made.roles.compress) {
    if (made.network.pieces[static_cast<std::size_t>(c)].in == 30) gone = c;
  }
  remove_piece(made, gone);
  expect_refused([&] { (void)infer_roles(made.network, made.shape, {}); },
                 {"hidden size 30", "2 expand pieces", "1 compress piece"});
  MadeNetwork square = testing::make_network({.blocks = 3, .width = 12, .hidden = {12}});
  remove_piece(square, square.roles.compress[1]);
  expect_refused([&] { (void)infer_roles(square.network, square.shape, {}); }, {"5 pieces of 12 x 12", "even"});
}

TEST(Roles, RefusesAGivenListThatCannotBe) {
  const MadeNetwork made = testing::make_network({.blocks = 3, .width = 12, .hidden = {24}});
  std::vector<int> given = made.roles.expand;
  given.push_back(99);
  expect_refused([&] { (void)infer_roles(made.network, made.shape, given); }, {"--roles", "piece 99"});
  given.back() = made.roles.compress[0];
  expect_refused([&] { (void)infer_roles(made.network, made.shape, given); },
                 {"--roles", "piece " + std::to_string(made.roles.compress[0]), "12 x 24"});
  given.back() = given.front();
  expect_refused([&] { (void)infer_roles(made.network, made.shape, given); }, {"--roles", "twice"});
  given = {made.roles.expand[0]};
  expect_refused([&] { (void)infer_roles(made.network, made.shape, given); },
                 {"--roles", "does not name it", "24 x 12"});
  const MadeNetwork square = testing::make_network({.blocks = 3, .width = 12, .hidden = {12}});
  expect_refused([&] { (void)infer_roles(square.network, square.shape, std::vector<int>{square.roles.expand[0]}); },
                 {"--roles", "hidden size 12", "1 expand piece ", "5 compress pieces"});
}

TEST(Roles, TheHeadIsWhatThePairingLeavesOver) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const MadeNetwork made = testing::make_network(
        {.blocks = 10, .width = 24, .hidden = {48, 30}, .outputs = 30, .dominance = 0.8, .seed = seed});
    expect_roles(made, infer_roles(made.network, made.shape, {}));
  }
  const MadeNetwork silent =
      testing::make_network({.blocks = 10, .width = 24, .hidden = {48, 30}, .outputs = 30, .seed = 1});
  EXPECT_FALSE(guess_roles(silent.network, silent.shape, {}).head_sure);
  expect_refused([&] { (void)infer_roles(silent.network, silent.shape, {}); }, {"head", "30 x 24", "--roles"});
  expect_roles(silent, infer_roles(silent.network, silent.shape, indices(silent, silent.roles.expand)));
}

TEST(Roles, SquarePiecesAreToldByTheResidualStream) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const MadeNetwork made = testing::make_network(
        {.blocks = 12, .width = 40, .hidden = {40}, .dominance = 0.7, .balance = 0.3, .stream = 0.5, .seed = seed});
    const RoleGuess guess = guess_roles(made.network, made.shape, {});
    ASSERT_EQ(guess.square.size(), 12U);
    for (const DirectedPair& pair : guess.square) {
      EXPECT_EQ(made.partner(pair.expand), pair.compress);
      EXPECT_TRUE(pair.sure);
    }
    expect_roles(made, infer_roles(made.network, made.shape, {}));
  }
}

TEST(Roles, SquarePiecesBesideOthers) {
  const MadeNetwork made = testing::make_network(
      {.blocks = 15, .width = 24, .hidden = {24, 48, 12}, .dominance = 0.7, .balance = 0.4, .stream = 0.5, .seed = 3});
  expect_roles(made, infer_roles(made.network, made.shape, {}));
  EXPECT_EQ(guess_roles(made.network, made.shape, {}).square.size(), 5U);
}

TEST(Roles, ACommonSignOnTheHiddenSideIsNoResidualStream) {
  // The hidden units of a block lean one way, each block's its own: W_in W_in^T is then much the same in all blocks,
  // though the units have nothing in common.
  MadeNetwork made = testing::make_network(
      {.blocks = 12, .width = 40, .hidden = {40}, .dominance = 0.7, .balance = 0.3, .stream = 0.5, .seed = 2});
  for (const int e : made.roles.expand) {
    Random random(77, static_cast<std::uint64_t>(e));
    std::vector<double> lean(40);
    for (double& x : lean) x = 0.3 * random.normal();
    std::vector<float>& w = made.network.pieces[static_cast<std::size_t>(e)].weight;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] += static_cast<float>(lean[i % 40]);
  }
  expect_roles(made, infer_roles(made.network, made.shape, {}));
}

TEST(Roles, SquarePiecesThatSayNothingAreRefused) {
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const MadeNetwork made = testing::make_network({.blocks = 6, .width = 12, .hidden = {12}, .seed = seed});
    const RoleGuess guess = guess_roles(made.network, made.shape, {});
    EXPECT_EQ(guess.square.size(), 6U);
    try {
      (void)infer_roles(made.network, made.shape, {});
    } catch (const InputError& error) {
      ++refused;
      EXPECT_NE(std::string(error.what()).find("--roles FILE"), std::string::npos);
    }
    expect_roles(made, infer_roles(made.network, made.shape, indices(made, made.roles.expand)));
  }
  EXPECT_EQ(refused, 20U);
}

TEST(Roles, AllShapesAlike) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const MadeNetwork made = testing::make_network({.blocks = 12,
                                                    .width = 40,
                                                    .hidden = {40},
                                                    .outputs = 40,
                                                    .dominance = 0.8,
                                                    .balance = 0.3,
                                                    .stream = 0.5,
                                                    .seed = seed});
    expect_roles(made, infer_roles(made.network, made.shape, {}));
    expect_roles(made, infer_roles(made.network, made.shape, indices(made, made.roles.expand)));
  }
  const MadeNetwork silent = testing::make_network({.blocks = 6, .width = 12, .hidden = {12}, .outputs = 12});
  EXPECT_FALSE(guess_roles(silent.network, silent.shape, {}).head_sure);
  expect_refused([&] { (void)infer_roles(silent.network, silent.shape, {}); }, {"--roles"});
}

}  // namespace
}  // namespace kintsugi
