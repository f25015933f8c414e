#include "objective/position_step.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "objective/linear_model.hpp"
#include "objective/normal_reference.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::damped_normal_matrix;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::row_errors;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

// The rows' slopes in the blocks' positions from the effects of all pairs, by plain float64 loops: [rows x blocks].
Eigen::MatrixXd position_slopes(const EffectTable& table, double bandwidth) {
  const auto blocks = static_cast<Eigen::Index>(table.blocks);
  Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(table.rows), blocks);
  for (Eigen::Index a = 0; a < blocks; ++a) {
    for (Eigen::Index b = a + 1; b < blocks; ++b) {
      const double z = static_cast<double>(b - a) / bandwidth;
      const double density = std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi));
      const float* const effect = table.effect(static_cast<std::size_t>(a), static_cast<std::size_t>(b));
      for (Eigen::Index row = 0; row < slopes.rows(); ++row) {
        // Where a moves up or b moves down the pair comes nearer to changing sides.
        slopes(row, a) += density * effect[row];
        slopes(row, b) -= density * effect[row];
      }
    }
  }
  return slopes;
}

TEST(PositionStep, SolvesTheDampedNormalEquationsOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  Workbench alone(self, problem, {1, 1});
  LinearModel whole(alone.evaluator());
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EffectTable table;
  table.gather(whole, kAnyBytes);
  for (const double bandwidth : {1.5, 4.0}) {
    const double damping = 0.1;
    const Eigen::MatrixXd slopes = position_slopes(table, bandwidth);
    const Eigen::MatrixXd damped = damped_normal_matrix(slopes, damping);
    const Eigen::VectorXd along = slopes.transpose() * row_errors(table);
    const PositionStep::Result step = PositionStep(alone.evaluator()).solve(order, kTiles, bandwidth, damping);
    ASSERT_EQ(step.shifts.size(), order.size());
    const Eigen::Map<const Eigen::VectorXd> shifts(step.shifts.data(), damped.rows());
    EXPECT_LT((damped * shifts + along).norm(), 1e-3 * along.norm()) << "bandwidth " << bandwidth;
    EXPECT_NEAR(step.mse, whole.base_error(), 1e-6 * whole.base_error());
    for (const Grid grid : all_grids(world.size())) {
      Workbench bench(world, problem, grid);
      const PositionStep::Result divided = PositionStep(bench.evaluator()).solve(order, kTiles, bandwidth, damping);
      EXPECT_EQ(divided.mse, step.mse) << "to the last bit";
      EXPECT_EQ(divided.shifts, step.shifts) << "to the last bit";
    }
  }
}

TEST(PositionStep, LeavesTheAnswerWhereItIs) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  const PositionStep::Result step = PositionStep(bench.evaluator()).solve(problem.truth.blocks, kTiles, 2, 0.1);
  for (const double shift : step.shifts) EXPECT_LT(std::fabs(shift), 1e-3);
}

}  // namespace
}  // namespace kintsugi
