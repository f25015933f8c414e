#include "objective/effect_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/screen.hpp"
#include "objective/linear_model.hpp"
#include "objective/reference.hpp"
#include "objective/table_reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::predicted_error;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

TEST(EffectTable, IsTheModelOnEveryRankAndGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  const std::size_t reach = order.size() - 1;
  Workbench alone(self, problem, {1, 1});
  LinearModel whole(alone.evaluator());
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EffectTable expected;
  expected.gather(whole, kAnyBytes);
  EXPECT_EQ(expected.rows, kTiles * 2 * 32);
  const std::span<const double> screen = whole.screen(reach);
  for (std::size_t a = 0; a + 1 < order.size(); ++a) {
    // Neighbours' swap, as an insertion.
    kernels::TileBuffer moved(expected.rows);
    const double change = expected.to_mse * kernels::pass_block(expected.rows, 1, expected.effect(a, a + 1),
                                                                expected.errors.data(), moved.data());
    const double screened = screen[a * (2 * reach + 1) + reach + 1];
    EXPECT_NEAR(change, screened, 1e-4 * std::fabs(screened) + 1e-9);
    EXPECT_GT(expected.sizes[expected.pair(a, a + 1)], 0);
  }
  for (const Grid& grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    LinearModel model(bench.evaluator());
    ASSERT_TRUE(model.linearise(order, kTiles));
    EffectTable table;
    table.gather(model, kAnyBytes);
    EXPECT_TRUE(std::ranges::equal(table.effects, expected.effects));
    EXPECT_EQ(table.errors, expected.errors);
    EXPECT_TRUE(std::ranges::equal(table.sizes, expected.sizes));
    EXPECT_EQ(table.to_mse, expected.to_mse);
    // Less memory: the first tiles, with errors that stand for the whole sample's.
    EffectTable small;
    small.gather(model, 2 * 36 * 2 * 32 * sizeof(float) + 1);
    EXPECT_EQ(small.rows, 2 * 2 * 32U);
    EXPECT_TRUE(std::equal(small.errors.begin(), small.errors.end(), expected.errors.begin()));
    EXPECT_EQ(small.effect(2, 5)[70], expected.effect(2, 5)[70]);
    EXPECT_NEAR(predicted_error(small, {0, 1, 2, 3, 4, 5, 6, 7, 8}), model.base_error(), 1e-6 * model.base_error());
  }
}

}  // namespace
}  // namespace kintsugi
