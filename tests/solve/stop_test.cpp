// Stops in the middle of steps. When they come is left to the clock; what they leave is not.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "core/stopwatch.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::describe;
using kintsugi::testing::noisy_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;

/// Asks to stop from the beginning on, or, on rank 0 alone, some time after the first step; keeps what it is given.
class Stopping final : public SolveObserver {
 public:
  explicit Stopping(double seconds) : seconds_(seconds) {}
  bool stop_at_once() override { return seconds_ == 0 || (!steps.empty() && watch_.seconds() > seconds_); }
  void on_checkpoint(const SearchState& state) override { kept = state; }
  void on_step(const TrajectoryEntry& entry) override { steps.push_back(entry); }
  bool order_due() override { return true; }
  void on_solution_so_far(const Solution& solution) override { so_far.push_back(solution); }

  std::optional<SearchState> kept;
  std::vector<TrajectoryEntry> steps;
  std::vector<Solution> so_far;

 private:
  double seconds_;
  Stopwatch watch_;
};

SolveOptions endless(int islands) {
  SolveOptions options;
  options.islands = islands;
  options.start = "random";
  options.tolerance = 1e-30;
  options.parameters.iterated = {.min_patience = 1000000, .patience_per_block = 1000000};
  return options;
}

bool is_permutation_of_pieces(std::vector<int> permutation, const PlantedProblem& problem) {
  std::vector<int> all(problem.network.pieces.size());
  std::iota(all.begin(), all.end(), 0);
  std::ranges::sort(permutation);
  return permutation == all;
}

TEST(StopAtOnce, LeavesTheStateOfTheLastStepThatWasFinished) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(24, 2000);
  for (const int islands : {1, 3}) {
    SolveOptions options = endless(islands);
    Stopping stopping(0.6);
    const Solution stopped = solve_planted(world, problem, options, stopping);
    EXPECT_EQ(stopped.status, Status::interrupted);
    EXPECT_TRUE(is_permutation_of_pieces(stopped.permutation, problem));
    ASSERT_EQ(stopping.kept.has_value(), world.root());
    // Some steps beyond where it was stopped.
    options.max_evaluations = stopped.evaluations + 100;
    MemoryRows rows(problem.rows);
    SolveObserver silent;
    const Solution resumed = solve(world, world.root() ? problem.network : Network{}, rows, options, silent,
                                   stopping.kept ? &*stopping.kept : nullptr);
    EXPECT_EQ(describe(resumed), describe(solve_planted(world, problem, options))) << islands;
    if (!world.root()) continue;
    EXPECT_LE(stopping.kept->trajectory.size(), stopped.trajectory.size());
    EXPECT_EQ(describe(stopping.steps), describe(stopped.trajectory)) << "what the log said";
  }
}

TEST(StopAtOnce, TheBestOrderSoFarIsHandedOut) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(16, 500);
  for (const int islands : {1, 2}) {
    Stopping stopping(0.6);
    const Solution stopped = solve_planted(world, problem, endless(islands), stopping);
    if (!world.root()) {
      EXPECT_TRUE(stopping.so_far.empty());
      continue;
    }
    ASSERT_FALSE(stopping.so_far.empty());
    EXPECT_EQ(stopping.so_far.back().status, Status::interrupted);
    stopping.so_far.pop_back();
    for (const Solution& solution : stopping.so_far) {
      EXPECT_EQ(solution.status, Status::unfinished);
      EXPECT_TRUE(is_permutation_of_pieces(solution.permutation, problem));
      EXPECT_EQ(std::isfinite(solution.mse), solution.rows > 0) << "at first it is not evaluated yet";
    }
    EXPECT_TRUE(is_permutation_of_pieces(stopped.permutation, problem));
  }
}

TEST(StopAtOnce, FromTheVeryBeginningThereIsAnOrder) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(8, 200);
  Stopping stopping(0);
  const Solution stopped = solve_planted(world, problem, endless(1), stopping);
  EXPECT_EQ(stopped.status, Status::interrupted);
  EXPECT_TRUE(is_permutation_of_pieces(stopped.permutation, problem));
}

}  // namespace
}  // namespace kintsugi
