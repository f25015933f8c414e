#include "objective/mean_field.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/random.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::expand_pieces;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kNodes = 5;
constexpr std::size_t kDegrees = 2;

// Two hidden sizes; one pair is given.
ShareGroups some_groups(const Evaluator& evaluator, const Blocks& order) {
  std::set<int> untrusted = expand_pieces(order);
  untrusted.erase(order[2].expand);
  return {evaluator.weights(), order, untrusted};
}

// Shares about equal, and blocks somewhat spread.
std::vector<double> some_point(const MeanField& field) {
  std::vector<double> point = field.groups().equal_shares();
  point.resize(field.unknowns(), 0);
  Random random(3);
  for (std::size_t n = 0; n < point.size(); ++n) point[n] += (n < field.groups().size() ? 0.05 : 0.5) * random.normal();
  return point;
}

TEST(MeanField, SlopesAreThoseOfFiniteDifferences) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  MeanField field(bench.evaluator(), kNodes, kDegrees);
  field.start(some_groups(bench.evaluator(), shuffled_blocks(problem, 1)));
  const std::vector<double> point = some_point(field);
  EXPECT_NEAR(field.linearise(point, kTiles), field.error(point, 0, kTiles), 1e-6);
  const std::vector<double> gradient = field.equations().gradient();
  ASSERT_EQ(gradient.size(), field.unknowns());
  double length = 0;
  double off = 0;
  constexpr double kStep = 1e-2;
  for (std::size_t n = 0; n < point.size(); ++n) {
    std::vector<double> moved = point;
    moved[n] += kStep;
    const double above = field.error(moved, 0, kTiles);
    moved[n] -= 2 * kStep;
    const double below = field.error(moved, 0, kTiles);
    const double slope = bench.evaluator().entries(kTiles) / 2 * (above - below) / (2 * kStep);
    length += slope * slope;
    off += (gradient[n] - slope) * (gradient[n] - slope);
  }
  EXPECT_GT(length, 0);
  EXPECT_LT(std::sqrt(off / length), 2e-3);
}

TEST(MeanField, IsTheSameOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  Workbench alone(self, problem, {1, 1});
  MeanField whole(alone.evaluator(), kNodes, kDegrees);
  whole.start(some_groups(alone.evaluator(), order));
  const std::vector<double> point = some_point(whole);
  const double mse = whole.linearise(point, 4);
  const std::vector<double> gradient = whole.equations().gradient();
  const std::vector<double> product = whole.equations().normal_product(point);
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    MeanField part(bench.evaluator(), kNodes, kDegrees);
    part.start(some_groups(bench.evaluator(), order));
    EXPECT_EQ(part.linearise(point, 4), mse);
    EXPECT_EQ(part.equations().gradient(), gradient);
    EXPECT_EQ(part.equations().normal_product(point), product);
    EXPECT_EQ(part.error(point, 4, kTiles), whole.error(point, 4, kTiles));
  }
}

TEST(MeanField, SharpBlocksStandWhereTheyAreSharp) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(silent_options(4, 16, 400));
  Workbench bench(world, problem, {1, world.size()});
  MeanField field(bench.evaluator(), 64, 1);
  field.start(ShareGroups(bench.evaluator().weights(), problem.truth.blocks, {}));
  // The first degree alone: to one end or to the other.
  std::vector<double> point{-30, 0, 0, 30};
  ASSERT_EQ(field.unknowns(), point.size());
  const std::vector<double> depths = field.depths(point);
  EXPECT_LT(depths[0], -0.95);
  EXPECT_NEAR(depths[1], 0, 1e-9);
  EXPECT_GT(depths[3], 0.95);
  // The outer blocks at their ends leave less than the same the other way round.
  const std::size_t tiles = bench.evaluator().rows().tiles();
  const double right = field.error(point, 0, tiles);
  std::swap(point[0], point[3]);
  EXPECT_LT(right, field.error(point, 0, tiles));
}

}  // namespace
}  // namespace kintsugi
