// A search that goes on from a state does what it would have done had it not been stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "kintsugi/core/error.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::describe;
using kintsugi::testing::make_planted;
using kintsugi::testing::noisy_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;

/// Asks for a state at the n-th question, and keeps that one; with 0 the one that a limit leaves.
class Keeper final : public SolveObserver {
 public:
  explicit Keeper(int at) : at_(at) {}
  bool checkpoint_due() override { return ++questions_ == at_; }
  void on_checkpoint(const SearchState& state) override {
    if (at_ == 0 || questions_ == at_) kept = state;
  }
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
      EXPECT_EQ(keeper.kept.has_value(), world.root());
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
    EXPECT_EQ(keeper.kept.has_value(), world.root());
    EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), whole) << topology;
  }
}

// Small steps and no order in the weights: descents freeze, and rounds have something to do. The noise keeps it from
// being solved.
PlantedProblem freezing_problem() {
  PlantedOptions options;
  options.blocks = 16;
  options.width = 8;
  options.hidden = {16};
  options.rows = 200;
  options.pair_signal = 1;
  options.depth = DepthTrend::none;
  options.residual = 0.1;
  options.noise = 0.05;
  return make_planted(options);
}

// Each island's last entry.
std::vector<TrajectoryEntry> last_entries(const std::vector<TrajectoryEntry>& entries) {
  std::vector<TrajectoryEntry> last(3);
  for (const TrajectoryEntry& entry : entries) last[static_cast<std::size_t>(entry.island)] = entry;
  return last;
}

bool is_of_a_round(const TrajectoryEntry& entry) {
  return entry.event == Event::annealing || entry.event == Event::gauss_newton || entry.event == Event::pair_relaxation;
}

// Nothing ends it but its limit.
SolveOptions round_options(int islands, const std::string& search) {
  SolveOptions options = long_options(islands, search);
  options.max_evaluations = 300 * islands;
  options.tolerance = 1e-12;
  return options;
}

TEST(Resume, WithinRoundsTheWayIsTheSame) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = freezing_problem();
  for (const std::string search : {"annealing", "gauss-newton", "auto"}) {
    const SolveOptions options = round_options(1, search);
    const Solution whole = solve_planted(world, problem, options);
    // The steps after which the search is in the middle of a round.
    std::vector<std::int64_t> within;
    for (std::size_t i = 0; i + 1 < whole.trajectory.size(); ++i) {
      const TrajectoryEntry& entry = whole.trajectory[i];
      if (is_of_a_round(entry) && entry.event == whole.trajectory[i + 1].event) within.push_back(entry.step);
    }
    ASSERT_GT(within.size(), 3U) << search;
    for (const std::int64_t step : {within.front(), within[within.size() / 2], within.back()}) {
      // It is asked before the first step, and once after every one.
      Keeper keeper(static_cast<int>(step) + 1);
      (void)solve_planted(world, problem, options, keeper);
      if (world.root()) {
        ASSERT_TRUE(keeper.kept);
        EXPECT_EQ(keeper.kept->trajectory.back().step, step);
      }
      EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), describe(whole))
          << search << ", after step " << step;
    }
  }
}

TEST(Resume, IslandsWithinRoundsGoOn) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = freezing_problem();
  for (const std::string search : {"annealing", "gauss-newton", "auto"}) {
    const SolveOptions options = round_options(3, search);
    const std::string whole = describe(solve_planted(world, problem, options));
    std::int64_t within = 0;
    for (const int at : {2, 5, 8, 11}) {
      Keeper keeper(at);
      (void)solve_planted(world, problem, options, keeper);
      if (world.root()) {
        ASSERT_TRUE(keeper.kept) << search << ", state " << at;
        within += std::ranges::count_if(last_entries(keeper.kept->trajectory), is_of_a_round);
      }
      EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), whole) << search << ", state " << at;
    }
    if (world.root()) {
      EXPECT_GT(within, 0) << search;
    }
  }
}

TEST(Resume, IslandsThatHaveGivenUpStayWhereTheyAre) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = freezing_problem();
  SolveOptions options = round_options(3, "insertion");
  options.max_evaluations = 0;
  options.topology = "none";
  options.parameters.iterated = {.min_patience = 2, .patience_per_block = 0};
  const Solution whole = solve_planted(world, problem, options);
  EXPECT_EQ(whole.status, Status::not_solved);
  const std::vector<TrajectoryEntry> ends = last_entries(whole.trajectory);
  int some_had_given_up = 0;
  for (int at = 2; at < 12; ++at) {
    Keeper keeper(at);
    (void)solve_planted(world, problem, options, keeper);
    if (keeper.kept) {
      const std::vector<TrajectoryEntry> last = last_entries(keeper.kept->trajectory);
      int given_up = 0;
      for (std::size_t i = 0; i < 3; ++i) given_up += last[i].step == ends[i].step ? 1 : 0;
      some_had_given_up += given_up > 0 && given_up < 3 ? 1 : 0;
    }
    EXPECT_EQ(describe(resumed(world, problem, options, keeper.kept)), describe(whole)) << "state " << at;
  }
  if (world.root()) {
    EXPECT_GT(some_had_given_up, 0);
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
