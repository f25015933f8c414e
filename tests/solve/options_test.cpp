#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::CountingObserver;
using kintsugi::testing::describe;
using kintsugi::testing::make_planted;
using kintsugi::testing::noisy_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;
using kintsugi::testing::solved_alone;

using Change = std::function<void(SolveOptions&)>;

// What a solve with changed options throws here; the ranks must be in step afterwards.
template <class Expected>
void expect_refused(const mpi::Comm& world, const PlantedProblem& problem, const Change& change,
                    const std::string& named) {
  SolveOptions options;
  change(options);
  bool refused = false;
  try {
    (void)solve_planted(world, problem, options);
    ADD_FAILURE() << named << " was taken";
  } catch (const Expected& error) {
    refused = true;
    EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
  }
  std::int64_t count = refused ? 1 : 0;
  world.sum(std::span(&count, 1));
  EXPECT_EQ(count, world.size()) << named << " must be refused on all ranks";
}

TEST(SolveOptions, ImpossibleOnesAreRefusedOnAllRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(3, 8, 100);
  const auto expect = [&](const std::string& named, const Change& change) {
    expect_refused<UsageError>(world, problem, change, named);
  };
  expect("--islands is 0", [](SolveOptions& o) { o.islands = 0; });
  expect("--islands is -3", [](SolveOptions& o) { o.islands = -3; });
  expect("7 candidate groups", [](SolveOptions& o) { o.candidate_groups = 7; });
  expect("7 row groups", [](SolveOptions& o) { o.row_groups = 7; });
  expect("'best'", [](SolveOptions& o) { o.search = "best"; });
  expect("'upwards'", [](SolveOptions& o) { o.start = "upwards"; });
  expect("guess", [](SolveOptions& o) { o.pairing = "guess"; });
  expect("'star'", [](SolveOptions& o) { o.topology = "star"; });
}

TEST(SolveOptions, GivenOrdersThatAreNoneAreRefusedOnAllRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(3, 8, 100);
  const std::vector<int> right = to_permutation(problem.truth);
  const auto expect = [&](const std::string& named, const std::vector<int>& permutation) {
    const auto give = [&](SolveOptions& o) {
      o.start = "given";
      o.given_permutation = permutation;
    };
    expect_refused<InputError>(world, problem, give, named);
  };
  std::vector<int> wrong = right;
  wrong[2] = 99;
  expect("piece 99", wrong);
  expect("5 pieces", {right.begin() + 2, right.end()});
  wrong = right;
  std::swap(wrong[1], wrong[2]);
  expect("make no block", wrong);
  wrong = right;
  wrong[0] = wrong[2];
  expect(std::to_string(wrong[0]), wrong);
}

TEST(SolveLimits, EvaluationsEndASearchWhereItIs) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(8, 150);
  SolveOptions options;
  options.start = "random";
  options.max_evaluations = 300;
  const Solution whole = solve_planted(world, problem, options);
  for (const std::int64_t limit : {1, 40, 150}) {
    options.max_evaluations = limit;
    const Solution solution = solve_planted(world, problem, options);
    EXPECT_EQ(solution.status, Status::evaluations);
    EXPECT_GE(solution.evaluations, limit);
    // The same steps as with a higher limit, up to the first that reaches it.
    const std::vector<TrajectoryEntry>& rows = solution.trajectory;
    ASSERT_LT(rows.size(), whole.trajectory.size());
    const auto length = static_cast<std::ptrdiff_t>(rows.size());
    EXPECT_EQ(describe(rows), describe({whole.trajectory.begin(), whole.trajectory.begin() + length}));
    EXPECT_GE(rows.back().evaluations, limit);
    EXPECT_LT(rows[rows.size() - 2].evaluations, limit);
    EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
  }
}

TEST(SolveLimits, EvaluationsEndIslandsInTheSameRound) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(6, 100);
  SolveOptions options;
  options.max_evaluations = 120;
  options.islands = world.size() == 3 ? 3 : 4;
  const Solution solution = solve_planted(world, problem, options);
  EXPECT_EQ(solution.status, Status::evaluations);
  EXPECT_EQ(describe(solution), solved_alone(world, problem, options));
}

TEST(SolveLimits, TheObserverStopsAllRanksAtTheSameStep) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(8, 150);
  SolveOptions options;
  options.start = "random";
  options.max_evaluations = 200;
  const std::string expected_start = describe(solve_planted(world, problem, options).trajectory);
  for (const int stop_at : {1, 2, 7}) {
    CountingObserver observer(stop_at);
    const Solution solution = solve_planted(world, problem, options, observer);
    EXPECT_EQ(solution.status, Status::interrupted);
    // Asked before the first step, and once after every one.
    EXPECT_EQ(solution.trajectory.back().step, stop_at - 1);
    EXPECT_TRUE(expected_start.starts_with(describe(solution.trajectory)));
    EXPECT_EQ(solution.assembly.blocks.size(), 8U) << "the best order is given";
  }
}

TEST(SolveLimits, TimeEndsASearch) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(8, 150);
  for (const int islands : {1, 2}) {
    SolveOptions options;
    options.start = "random";
    options.islands = islands;
    options.time_limit = 1e-9;  // over before the first step, on any machine
    const Solution solution = solve_planted(world, problem, options);
    EXPECT_EQ(solution.status, Status::time_limit);
    ASSERT_EQ(solution.trajectory.size(), static_cast<std::size_t>(islands));
    EXPECT_EQ(solution.trajectory.back().event, Event::start);
    EXPECT_EQ(solution.assembly.blocks.size(), 8U) << "the best order is given";
    if (world.root()) {
      EXPECT_GT(solution.times.total, options.time_limit);
    }
    std::string everywhere = describe(solution);
    world.broadcast(everywhere);
    EXPECT_EQ(describe(solution), everywhere) << "rank 0's clock counts";
  }
}

TEST(SolveLimits, AToleranceEndsASearchEarly) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(8, 150);
  SolveOptions options;
  options.start = "random";
  options.max_evaluations = 200;
  const Solution whole = solve_planted(world, problem, options);
  options.max_evaluations = 0;
  options.tolerance = 1.02 * whole.mse;
  const Solution solution = solve_planted(world, problem, options);
  EXPECT_EQ(solution.status, Status::solved);
  EXPECT_EQ(solution.target, options.tolerance);
  EXPECT_LE(solution.mse, options.tolerance);
  EXPECT_LE(solution.evaluations, whole.evaluations);
}

}  // namespace
}  // namespace kintsugi
