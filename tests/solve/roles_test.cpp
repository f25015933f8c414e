// Square layers: which piece of a pair expands is found by the data where the weights do not tell.
#include <gtest/gtest.h>

#include <algorithm>

#include "pairing/pairing.hpp"
#include "solve/activation_choice.hpp"
#include "solve/role_choice.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::describe;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;
using kintsugi::testing::solved_alone;

PlantedProblem square(std::vector<std::size_t> hidden, double pair_signal, std::uint64_t seed,
                      Activation activation = Activation::relu) {
  PlantedOptions options;
  options.activation = activation;
  options.blocks = 8;
  options.width = 16;
  options.hidden = std::move(hidden);
  options.pair_signal = pair_signal;
  options.outputs = pair_signal > 0 ? 1 : 4;
  options.rows = 1200;
  options.seed = seed;
  return make_planted(options);
}

bool weights_decide(const PlantedProblem& problem) {
  const RoleGuess guess = guess_roles(problem.network, problem.rows->shape, {});
  return std::ranges::all_of(guess.square, [](const DirectedPair& pair) { return pair.sure; });
}

struct Case {
  const char* name;
  std::vector<std::size_t> hidden;
  double pair_signal;
};

class SquareTest : public ::testing::TestWithParam<Case> {};

TEST_P(SquareTest, IsSolvedAlikeOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::uint64_t seed : {1U, 2U}) {
    const PlantedProblem problem = square(GetParam().hidden, GetParam().pair_signal, seed);
    ASSERT_FALSE(weights_decide(problem)) << "the test is to have something to decide";
    const Solution solution = solve_planted(world, problem, {});
    EXPECT_EQ(solution.status, Status::solved);
    EXPECT_EQ(solution.assembly, problem.truth);
    EXPECT_EQ(describe(solution), solved_alone(world, problem, {}));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, SquareTest,
                         ::testing::Values(Case{"pairs_in_the_weights", {16}, 2}, Case{"some_square", {16, 24}, 2},
                                           Case{"nothing_in_the_weights", {16}, 0}),
                         [](const auto& tested) { return tested.param.name; });

// Starts have guessed roles, which hide the activation, and each search settles roles of its own.
TEST(Square, ItsActivationIsFound) {
  const mpi::Comm world = mpi::Comm::world();
  for (const Activation activation : {Activation::relu, Activation::gelu, Activation::tanh}) {
    for (const std::uint64_t seed : {1U, 2U}) {
      const PlantedProblem problem = square({16}, 2, seed, activation);
      ASSERT_FALSE(weights_decide(problem)) << "the test is to have something to decide";
      testing::CountingObserver observer;
      MemoryRows rows(problem.rows);
      const ActivationChoice choice = choose_activation(world, problem.network, rows, {}, observer);
      EXPECT_TRUE(choice.certain) << to_string(activation) << ", seed " << seed;
      EXPECT_EQ(choice.trials.front().activation, activation) << to_string(activation) << ", seed " << seed;
    }
  }
}

TEST(Square, AGivenStartMayHaveOtherRoles) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = square({16}, 2, 1);
  ASSERT_FALSE(weights_decide(problem)) << "the test is to have something to decide";
  Assembly turned = problem.truth;
  for (Block& block : turned.blocks) std::swap(block.expand, block.compress);
  for (const Assembly& start : {problem.truth, turned}) {
    SolveOptions options;
    options.start = "given";
    for (const int piece : to_permutation(start)) {
      options.given_permutation.push_back(problem.network.index_of(piece));
    }
    const Solution solution = solve_planted(world, problem, options);
    EXPECT_EQ(solution.status, Status::solved);
    EXPECT_EQ(solution.assembly, problem.truth);
    EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
  }
}

TEST(Square, GivenRolesAreKept) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = square({16}, 2, 1);
  SolveOptions options;
  options.given_expand = {1, 2, 3};
  testing::CountingObserver observer;
  MemoryRows rows(problem.rows);
  Solution solution;
  settle_roles(world, problem.network, rows, options, observer, solution);
  EXPECT_EQ(solution.evaluations, 0);
  EXPECT_TRUE(solution.open_roles.empty());
  EXPECT_EQ(options.given_expand, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(options.start, "auto");
}

}  // namespace
}  // namespace kintsugi
