// A search that goes on from a state does what it would have done had it not been stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "kintsugi/core/error.hpp"
#include "search/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::describe;
using kintsugi::testing::noisy_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;

/// Asks for a state at the n-th question, and keeps the last that it is given.
class Keeper final : public SolveObserver {
 public:
  explicit Keeper(int at) : at_(at) {}
  bool checkpoint_due() override { return ++questions_ == at_; }
  void on_checkpoint(const SearchState& state) override { kept = state; }
  std::optional<SearchState> kept;

 private:
  int at_;
  int questions_ = 0;
};

Solution resumed(const mpi::Comm& comm, const PlantedProblem& problem, const SolveOptions& options,
                 const std::optional<SearchState>& state) {
  MemoryRows rows(problem.rows);
  SolveObserver silent;
  return solve(comm, comm.root() ? problem.network : Network{}, rows, options, silent, state ? &*state : nullptr);
}

/// Asks to stop on one rank alone.
class OneRankStops final : public SolveObserver {
 public:
  explicit OneRankStops(bool asks) : asks_(asks) {}
  bool stop_requested() override { return asks_ && ++questions_ == 4; }
  void on_checkpoint(const SearchState& state) override { kept = state; }
  std::optional<SearchState> kept;

 private:
  bool asks_;
  int questions_ = 0;
};

SolveOptions long_options(int islands, const std::string& search) {
  SolveOptions options;
  options.islands = islands;
  options.search = search;
  options.start = "random";
  options.seed = 3;
  options.sample_rows = 64;
  options.max_evaluations = 500 * islands;
  return options;
}

TEST(Resume, AtAnyStepTheWayIsTheSame) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(9, 200);
  for (const std::string search : {"auto", "tabu", "restart"}) {
    const SolveOptions options = long_options(1, search);
    const std::string whole = describe(solve_planted(world, problem, options));
    for (const int at : {1, 2, 9, 30}) {
      Keeper keeper(at);
      EXPECT_EQ(describe(solve_planted(world, problem, options, keeper)), whole) << "a state taken changes nothing";
      EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), whole) << search << ", state " << at;
    }
  }
}

TEST(Resume, IslandsGoOnOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(9, 200);
  for (const std::string topology : {"all", "ring", "none"}) {
    SolveOptions options = long_options(3, "auto");
    options.topology = topology;
    const std::string whole = describe(solve_planted(world, problem, options));
    // Rank 0 alone makes the state, all ranks go on from it.
    Keeper keeper(5);
    if (world.root()) (void)solve_planted(mpi::Comm::self(), problem, options, keeper);
    EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), whole) << topology;
  }
}

TEST(Resume, AStopLeavesAStateThatGoesOn) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(9, 200);
  SolveOptions options = long_options(2, "auto");
  const std::string whole = describe(solve_planted(world, problem, options));
  options.max_evaluations = 300;
  Keeper keeper(0);
  const Solution first = solve_planted(world, problem, options, keeper);
  EXPECT_EQ(first.status, Status::evaluations);
  EXPECT_EQ(keeper.kept.has_value(), world.root());
  options.max_evaluations = 1000;
  EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), whole);
}

TEST(Resume, AnyRankMayAskToStop) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(9, 200);
  const SolveOptions options = long_options(1, "auto");
  OneRankStops observer(world.rank() == world.size() - 1);
  EXPECT_EQ(solve_planted(world, problem, options, observer).status, Status::interrupted);
  EXPECT_EQ(observer.kept.has_value(), world.root());
  EXPECT_EQ(describe(resumed(world, problem, options, observer.kept)),
            describe(solve_planted(world, problem, options)));
}

TEST(Resume, RefusesForeignStatesOnAllRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = noisy_problem(9, 200);
  const SolveOptions options = long_options(2, "auto");
  Keeper keeper(3);
  (void)solve_planted(world, problem, options, keeper);
  const SolveOptions more = long_options(3, "auto");
  EXPECT_THROW((void)resumed(world, problem, more, keeper.kept), InputError);
  if (world.root()) keeper.kept->islands[1].pop_back();
  EXPECT_THROW((void)resumed(world, problem, options, keeper.kept), InputError);
  if (world.root()) keeper.kept->islands[1].insert(keeper.kept->islands[1].end(), 2, 0);
  EXPECT_THROW((void)resumed(world, problem, options, keeper.kept), InputError);
}

}  // namespace
}  // namespace kintsugi
