#include "objective/adjusted_errors.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "objective/linear_model.hpp"
#include "objective/normal_reference.hpp"
#include "objective/position_step.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::damped_normal_matrix;
using kintsugi::testing::freezing_problem;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::row_errors;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

// The rows' errors of an order, [rows x outputs], by plain evaluation.
Eigen::VectorXd errors_of(LinearModel& model, const Blocks& order) {
  EXPECT_TRUE(model.linearise(order, kTiles));
  EffectTable table;
  table.gather(model, kAnyBytes);
  return row_errors(table);
}

Eigen::MatrixXd near_swap_effects(LinearModel& model, const Blocks& order) {
  const Eigen::VectorXd present = errors_of(model, order);
  std::vector<Eigen::VectorXd> effects;
  for (std::size_t first = 0; first < order.size(); ++first) {
    for (std::size_t second = first + 1; second < std::min(order.size(), first + 3); ++second) {
      Blocks swapped = order;
      std::swap(swapped[first], swapped[second]);
      effects.emplace_back(errors_of(model, swapped) - present);
    }
  }
  Eigen::MatrixXd all(present.size(), static_cast<Eigen::Index>(effects.size()));
  for (std::size_t i = 0; i < effects.size(); ++i) all.col(static_cast<Eigen::Index>(i)) = effects[i];
  return all;
}

TEST(AdjustedErrors, AreWhatSwapsOfNearBlocksLeaveOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  const int last = static_cast<int>(order.size()) - 1;
  const std::vector<int> from{0, last};
  Workbench alone(self, problem, {1, 1});
  LinearModel whole(alone.evaluator());
  const AdjustedErrors::Result adjusted = AdjustedErrors(alone.evaluator()).solve(order, from, kTiles);
  ASSERT_EQ(adjusted.moved.size(), from.size() * order.size());

  const double damping = 1e-3;
  const Eigen::MatrixXd effects = near_swap_effects(whole, order);
  const Eigen::LDLT<Eigen::MatrixXd> solver = damped_normal_matrix(effects, damping).ldlt();
  const auto left = [&](const Blocks& moved) {
    const Eigen::VectorXd errors = errors_of(whole, moved);
    const Eigen::VectorXd along = effects.transpose() * errors;
    return (errors.squaredNorm() - along.dot(solver.solve(along))) / errors.squaredNorm() * whole.base_error();
  };
  // Effects and errors are exact but for what is of second order.
  EXPECT_NEAR(adjusted.present, left(order), 0.1 * left(order));
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EXPECT_LT(adjusted.present, 0.9 * whole.base_error());
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (int to = 0; to <= last; ++to) {
      Blocks moved = order;
      insert_in(moved, from[i], to);
      const double expected = left(moved);
      EXPECT_NEAR(adjusted.moved[i * order.size() + static_cast<std::size_t>(to)], expected, 0.2 * expected)
          << from[i] << " to " << to;
    }
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const AdjustedErrors::Result divided = AdjustedErrors(bench.evaluator()).solve(order, from, kTiles);
    EXPECT_EQ(divided.present, adjusted.present) << "to the last bit";
    EXPECT_EQ(divided.moved, adjusted.moved) << "to the last bit";
  }
}

TEST(AdjustedErrors, BringABlockHomeForWhichOthersHaveMadeUp) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = freezing_problem();
  constexpr std::size_t kAllTiles = 48;
  Workbench bench(world, problem, {1, world.size()});
  PositionStep position_step(bench.evaluator());
  AdjustedErrors adjusted_errors(bench.evaluator());
  for (const auto& [home, away] : {std::pair{8, 28}, std::pair{30, 12}}) {
    // All the others go where the error is least.
    Blocks order = problem.truth.blocks;
    insert_in(order, home, away);
    for (int i = 0; i < 4; ++i) {
      const std::vector<double> shifts = position_step.solve(order, kAllTiles, 2, 0.1).shifts;
      std::vector<double> at(order.size());
      for (std::size_t p = 0; p < order.size(); ++p) {
        const bool moved = order[p].expand == problem.truth.blocks[static_cast<std::size_t>(home)].expand;
        at[p] = static_cast<double>(p) + (moved ? 0 : std::clamp(shifts[p], -2.0, 2.0));
      }
      const Blocks present = order;
      std::ranges::stable_sort(order, {}, [&](const Block& block) {
        return at[static_cast<std::size_t>(position_of(block.expand, present))];
      });
    }
    const int from = position_of(problem.truth.blocks[static_cast<std::size_t>(home)].expand, order);
    ASSERT_GE(std::abs(from - home), 10);
    const std::vector<int> one{from};
    const std::vector<double> moved = adjusted_errors.solve(order, one, kAllTiles).moved;
    const auto best = static_cast<int>(std::ranges::min_element(moved) - moved.begin());
    EXPECT_LE(std::abs(best - home), 4);
  }
}

}  // namespace
}  // namespace kintsugi
