// What an answer claims, and what it leaves open: noise and copies.
#include <gtest/gtest.h>

#include <algorithm>

#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::describe;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;
using kintsugi::testing::solved_alone;

PlantedOptions noisy(double residual) {
  PlantedOptions options;
  options.blocks = 8;
  options.width = 12;
  options.hidden = {24};
  options.rows = 2000;
  options.noise = 0.05;
  options.residual = residual;
  return options;
}

/// How many neighbours that the answer calls certain stand the other way round in the truth.
std::size_t false_claims(const Solution& solution, const Assembly& truth) {
  const auto place = [&](const Block& block) { return std::ranges::find(truth.blocks, block) - truth.blocks.begin(); };
  return static_cast<std::size_t>(std::ranges::count_if(solution.margins, [&](const Margin& margin) {
    const auto first = static_cast<std::size_t>(margin.position);
    return !margin.interchangeable &&
           place(solution.assembly.blocks[first]) > place(solution.assembly.blocks[first + 1]);
  }));
}

TEST(Noise, IsSaidOfAnOrderOnAllRowsAlikeOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  for (const double residual : {0.2, 0.02}) {
    const PlantedProblem problem = make_planted(noisy(residual));
    const Solution solution = solve_planted(world, problem, {});
    EXPECT_EQ(solution.status, Status::noise);
    ASSERT_FALSE(solution.trajectory.empty());
    EXPECT_EQ(solution.trajectory.back().rows, 2000) << "a sample may be overfitted";
    EXPECT_EQ(false_claims(solution, problem.truth), 0U);
    const auto open = std::ranges::count_if(solution.margins, &Margin::interchangeable);
    if (residual > 0.1) {
      EXPECT_EQ(open, 0);
      EXPECT_EQ(solution.assembly, problem.truth);
    } else {
      EXPECT_GT(open, 0) << "the noise hides the order of some";
    }
    EXPECT_EQ(describe(solution), solved_alone(world, problem, {}));
  }
}

TEST(Copies, AreOneClassAlikeOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 10;
  options.width = 12;
  options.hidden = {24};
  options.rows = 600;
  options.copies = 4;
  const PlantedProblem problem = make_planted(options);
  const Solution solution = solve_planted(world, problem, {});
  EXPECT_EQ(solution.status, Status::solved);
  const auto content = [&](const Block& block) {
    const auto piece = [&](int p) -> const Piece& { return problem.network.pieces[static_cast<std::size_t>(p)]; };
    return std::pair(piece(block.expand).weight, piece(block.compress).weight);
  };
  ASSERT_EQ(solution.assembly.blocks.size(), 10U);
  for (std::size_t p = 0; p < 10; ++p) {
    EXPECT_EQ(content(solution.assembly.blocks[p]), content(problem.truth.blocks[p])) << p;
    EXPECT_TRUE(!world.root() || solution.pairs[p].trusted) << "equal pieces are no rivals";
  }
  EXPECT_EQ(describe(solution), solved_alone(world, problem, {}));
}

}  // namespace
}  // namespace kintsugi
