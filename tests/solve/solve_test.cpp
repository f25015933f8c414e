#include "kintsugi/solve.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/roles.hpp"
#include "objective/evaluator.hpp"
#include "search/make_search.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::CountingObserver;
using kintsugi::testing::describe;
using kintsugi::testing::make_planted;
using kintsugi::testing::noisy_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::silent_options;
using kintsugi::testing::solve_planted;
using kintsugi::testing::solved_alone;

SolveOptions options_for(std::string start, std::uint64_t seed = 1) {
  SolveOptions options;
  options.start = std::move(start);
  options.seed = seed;
  return options;
}

// For problems that no order solves: a few hundred evaluations show as much as thousands.
SolveOptions limited(SolveOptions options, std::int64_t max_evaluations) {
  options.max_evaluations = max_evaluations;
  return options;
}

TEST(Solve, GoesByTheWeightsOnlyWhereItIsAskedTo) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedProblem problem = make_planted(12, 8, 100);
  SolveOptions options = options_for("auto");
  options.without_predictions = true;
  const std::string with_rows = describe(solve_planted(world, problem, options));
  const auto none = std::make_shared<Rows>();
  none->shape = {0, problem.rows->shape.width, problem.rows->shape.outputs};
  problem.rows = none;
  EXPECT_THROW(static_cast<void>(solve_planted(world, problem, options_for("auto"))), InputError);
  const Solution solution = solve_planted(world, problem, options);
  EXPECT_EQ(solution.status, Status::by_weights);
  EXPECT_EQ(solution.assembly.blocks.size(), 12U);
  EXPECT_EQ(solution.evaluations, 0);
  EXPECT_EQ(describe(solution), with_rows) << "no row is looked at";
  EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
  options.start = "greedy";
  EXPECT_THROW(static_cast<void>(solve_planted(world, problem, options)), UsageError);
}

TEST(Solve, FindsPlantedNetworksFromRandomOrders) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::size_t blocks : {8U, 16U, 24U}) {
    const PlantedProblem problem = make_planted(blocks, 20, 400, blocks);
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const Solution solution = solve_planted(world, problem, options_for("random", seed));
      EXPECT_EQ(solution.status, Status::solved) << blocks << " blocks, seed " << seed;
      EXPECT_EQ(solution.assembly, problem.truth);
      EXPECT_EQ(solution.permutation, to_permutation(problem.truth));
      EXPECT_EQ(solution.sha256, sha256_hex(format_permutation(solution.permutation)));
      EXPECT_LE(solution.mse, solution.target);
    }
  }
}

TEST(Solve, ClaimsWhatRecomputingGives) {
  const mpi::Comm world = mpi::Comm::world();
  for (const PlantedProblem& problem : {make_planted(6, 10, 150), noisy_problem(4, 150)}) {
    const Solution solution = solve_planted(world, problem, limited(options_for("auto"), 100));
    const mpi::Comm self = mpi::Comm::self();
    const SharedWeights weights(self, problem.network, roles_of(solution.assembly, problem.rows->shape));
    MemoryRows rows(problem.rows);
    Evaluator evaluator(self, weights, rows, {1, 1});
    const Evaluator::Check check = evaluator.check(solution.assembly.blocks);
    EXPECT_NEAR(solution.mse, check.mse, 1e-6 * check.mse + 1e-16);
    EXPECT_NEAR(solution.largest_error, check.largest_error, 1e-6 * check.largest_error + 1e-8);
    EXPECT_EQ(solution.rows, problem.rows->shape.rows);
  }
}

TEST(Solve, TheBestInTheLogNeverRisesOnASample) {
  const mpi::Comm world = mpi::Comm::world();
  const Solution solution = solve_planted(world, noisy_problem(8, 200), limited(options_for("random"), 400));
  EXPECT_EQ(solution.status, Status::evaluations);
  ASSERT_GT(solution.trajectory.size(), 10U);
  EXPECT_EQ(solution.trajectory.front().event, Event::start);
  for (std::size_t i = 2; i < solution.trajectory.size(); ++i) {
    const TrajectoryEntry& before = solution.trajectory[i - 1];
    const TrajectoryEntry& now = solution.trajectory[i];
    if (now.rows == before.rows) {
      EXPECT_LE(now.best, before.best) << "step " << now.step;
    }
    EXPECT_LE(now.best, now.mse);
    EXPECT_GE(now.rows, before.rows);
    EXPECT_GE(now.evaluations, before.evaluations);
    EXPECT_EQ(now.step, before.step + (now.event == Event::growth && now.step == before.step ? 0 : 1));
  }
}

TEST(Solve, StartsFromWhatTheWeightsSayAlone) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::size_t blocks : {1U, 2U, 12U}) {
    const PlantedProblem problem = make_planted(blocks, 10, 300, 3);
    const SolveOptions options = options_for("seriation");
    const Solution solution = solve_planted(world, problem, options);
    EXPECT_EQ(solution.status, Status::solved) << blocks << " blocks";
    ASSERT_FALSE(solution.starts.empty());
    EXPECT_TRUE(solution.starts.front().name.starts_with("seriation"));
    EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
  }
}

TEST(Solve, IsTheSameOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(10, 10, 300, 3);
  for (const std::string start : {"auto", "random"}) {
    const SolveOptions options = options_for(start);
    EXPECT_EQ(describe(solve_planted(world, problem, options)), solved_alone(world, problem, options));
  }
}

TEST(Solve, FindsPairsOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(silent_options(10, 10, 700));
  const SolveOptions options = limited(options_for("auto"), 5000);
  const Solution solution = solve_planted(world, problem, options);
  EXPECT_EQ(solution.status, Status::solved);
  EXPECT_GT(std::ranges::count(solution.trajectory, Event::pair_relaxation, &TrajectoryEntry::event), 0);
  EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
}

TEST(Solve, IsTheSameOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(5, 150);
  const std::string expected = solved_alone(world, problem, limited(options_for("random"), 150));
  for (int groups = 1; groups <= world.size(); ++groups) {
    if (world.size() % groups != 0) continue;
    SolveOptions options = limited(options_for("random"), 150);
    options.candidate_groups = groups;
    EXPECT_EQ(describe(solve_planted(world, problem, options)), expected) << groups << " candidate groups";
    options.candidate_groups = 0;
    options.row_groups = groups;
    EXPECT_EQ(describe(solve_planted(world, problem, options)), expected) << groups << " row groups";
  }
}

TEST(Solve, IslandsAreTheSameOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem solvable = make_planted(10, 10, 300, 5);
  const PlantedProblem noisy = noisy_problem(4, 150);
  for (const int islands : {1, 2, 3, 4}) {
    for (const PlantedProblem* problem : {&solvable, &noisy}) {
      SolveOptions options = limited(options_for("auto"), 300);
      options.islands = islands;
      // With a tolerance nothing ends the second but its limit: the error is not asked for noise.
      if (problem == &noisy) options.tolerance = 1e-12;
      const Solution solution = solve_planted(world, *problem, options);
      EXPECT_EQ(solution.status, problem == &solvable ? Status::solved : Status::evaluations);
      EXPECT_EQ(describe(solution), solved_alone(world, *problem, options)) << islands << " islands";
      for (int island = 0; island < islands; ++island) {
        EXPECT_GT(std::ranges::count(solution.trajectory, island, &TrajectoryEntry::island), 0) << "island " << island;
      }
    }
  }
}

TEST(Solve, GivesUpWhereNothingLeadsOn) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(2, 30);
  for (const int islands : {1, world.size()}) {
    SolveOptions options = options_for("auto");
    options.islands = islands;
    const Solution solution = solve_planted(world, problem, options);
    EXPECT_EQ(solution.status, Status::not_solved);
    EXPECT_GT(solution.mse, solution.target);
    EXPECT_EQ(solution.permutation.size(), 5U) << "the best order is given";
  }
}

// Predictions with so much noise that even the true order's error is far above rounding, and rows enough to tell.
PlantedProblem noise_only() {
  PlantedOptions options;
  options.blocks = 8;
  options.width = 8;
  options.hidden = {16};
  options.rows = 800;
  options.pair_signal = 1;
  options.depth = DepthTrend::none;
  options.noise = 0.05;
  options.seed = 3;
  return make_planted(options);
}

TEST(Solve, EverySearchEndsWithNoiseWhereOnlyNoiseIsLeft) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noise_only();
  for (const std::string& search : search_names()) {
    for (const int islands : {1, 3}) {
      for (const std::uint64_t seed : {1, 2}) {
        SolveOptions options = options_for("random", seed);
        options.search = search;
        options.islands = islands;
        const Solution solution = solve_planted(world, problem, options);
        EXPECT_EQ(solution.status, Status::noise) << search << ", " << islands << " islands, seed " << seed;
        EXPECT_GT(solution.mse, solution.target);
        EXPECT_GT(solution.by_chance, 0);
        EXPECT_LT(solution.explained, solution.by_chance);
      }
    }
  }
}

TEST(Solve, NoiseIsAskedOfTheOrderThatIsReturned) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noise_only();
  SolveOptions options = limited(options_for("random"), 5);
  const Solution early = solve_planted(world, problem, options);
  EXPECT_EQ(early.status, Status::evaluations);
  EXPECT_GT(early.explained, early.by_chance) << "a wrong order's error has a cause";
  options = options_for("given");
  options.given_permutation = to_permutation(problem.truth);
  options.max_evaluations = 5;
  const Solution stopped = solve_planted(world, problem, options);
  EXPECT_EQ(stopped.status, Status::evaluations) << "the truth, but it has not withstood anything yet";
  EXPECT_LT(stopped.explained, stopped.by_chance);
}

TEST(Solve, OneBlockAndTwo) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::size_t blocks : {1U, 2U}) {
    for (const std::string start : {"auto", "random"}) {
      const PlantedProblem problem = make_planted(blocks, 10, 90, 2);
      const Solution solution = solve_planted(world, problem, options_for(start));
      EXPECT_EQ(solution.status, Status::solved) << blocks << " blocks";
      EXPECT_EQ(solution.assembly, problem.truth);
    }
  }
}

TEST(Solve, FewerRowsThanRanksAreEnoughToRun) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(3, 8, 2);
  const SolveOptions options = options_for("auto");
  const Solution solution = solve_planted(world, problem, options);
  EXPECT_EQ(solution.rows, 2U);
  EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
}

TEST(Solve, AnswersInTheUsersNumbers) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedProblem problem = make_planted(6, 10, 200);
  std::vector<int> expected;
  for (Piece& piece : problem.network.pieces) piece.index = 3 * piece.index + 100;
  for (const int position : to_permutation(problem.truth)) expected.push_back(3 * position + 100);
  const Solution solution = solve_planted(world, problem, options_for("auto"));
  EXPECT_EQ(solution.permutation, expected);
  EXPECT_EQ(solution.assembly, problem.truth);
  // A given order is in the same numbers.
  SolveOptions given = options_for("given");
  given.given_permutation = expected;
  const Solution confirmed = solve_planted(world, problem, given);
  EXPECT_EQ(confirmed.permutation, expected);
  EXPECT_EQ(confirmed.status, Status::solved);
}

TEST(Solve, StartsFromAGivenOrder) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(9, 10, 200);
  SolveOptions options = options_for("given");
  options.given_permutation = to_permutation(problem.truth);
  const Solution at_once = solve_planted(world, problem, options);
  EXPECT_EQ(at_once.status, Status::solved);
  EXPECT_EQ(at_once.trajectory.size(), 1U) << "the answer needs no search";
  EXPECT_EQ(at_once.evaluations, 0);
  ASSERT_EQ(at_once.starts.size(), 1U);
  EXPECT_EQ(at_once.starts.front().name, "given");

  Assembly start = problem.truth;
  std::ranges::reverse(start.blocks);
  options.given_permutation = to_permutation(start);
  const Solution found = solve_planted(world, problem, options);
  EXPECT_EQ(found.assembly, problem.truth);
  EXPECT_GT(found.trajectory.size(), 1U);
}

TEST(Solve, TellsRankZeroAllOfTheLog) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(8, 10, 200);
  CountingObserver observer;
  const Solution solution = solve_planted(world, problem, options_for("random"), observer);
  if (world.root()) {
    EXPECT_EQ(describe(observer.rows), describe(solution.trajectory));
    ASSERT_EQ(observer.starts.size(), solution.starts.size());
    EXPECT_EQ(observer.starts.front().order, solution.starts.front().order);
    ASSERT_EQ(solution.pairs.size(), 8U);
    for (std::size_t b = 0; b < 8; ++b) {
      EXPECT_EQ((Block{solution.pairs[b].expand, solution.pairs[b].compress}), solution.assembly.blocks[b]);
    }
  } else {
    EXPECT_EQ(observer.calls, 0) << "rank " << world.rank();
  }
}

}  // namespace
}  // namespace kintsugi
