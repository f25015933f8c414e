#include "objective/exact_changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 5;

// In float64: mean and standard error of the predictions' changes, in units of the base's MSE.
ExactChange plain_change(const Reference& reference, const Blocks& base, const Blocks& order, std::size_t tiles) {
  const double mse = reference.mse(base, tiles);
  std::vector<double> changes;
  double mean = 0;
  for (const std::size_t row : reference.sample(tiles)) {
    const std::vector<double> before = reference.row_errors(base, row);
    const std::vector<double> after = reference.row_errors(order, row);
    for (std::size_t q = 0; q < before.size(); ++q) {
      changes.push_back((after[q] * after[q] - before[q] * before[q]) / mse);
      mean += changes.back();
    }
  }
  const auto count = static_cast<double>(changes.size());
  mean /= count;
  double variance = 0;
  for (const double change : changes) variance += (change - mean) * (change - mean) / count;
  return {mean, std::sqrt(variance / (count - 1))};
}

TEST(ExactChanges, AreThoseOfPlainLoopsInFloat64) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Reference reference(problem);
  Workbench bench(world, problem, {1, world.size()});
  const Blocks base = shuffled_blocks(problem, 1);
  std::vector<Blocks> orders{base, base, shuffled_blocks(problem, 2), problem.truth.blocks};
  std::swap(orders[1][1], orders[1][2]);
  for (const std::size_t tiles : {std::size_t{2}, kTiles}) {
    const double mse = reference.mse(base, tiles);
    const std::vector<ExactChange> found = exact_changes(bench.evaluator(), base, mse, orders, tiles);
    ASSERT_EQ(found.size(), orders.size());
    EXPECT_EQ(found[0].mean, 0);
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const ExactChange expected = plain_change(reference, base, orders[i], tiles);
      EXPECT_NEAR(found[i].mean, expected.mean, 1e-10 * (1 + std::fabs(expected.mean)));
      EXPECT_NEAR(found[i].standard_error, expected.standard_error, 1e-10 * (1 + expected.standard_error));
    }
  }
}

TEST(ExactChanges, OfWhatIsNotFiniteAreLarge) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedProblem problem = outputs_problem(kTiles);
  const Blocks base = shuffled_blocks(problem, 1);
  const double mse = Reference(problem).mse(base, kTiles);
  problem.network.pieces[static_cast<std::size_t>(base[0].compress)].weight[0] = std::numeric_limits<float>::infinity();
  Workbench bench(world, problem, {1, world.size()});
  Blocks other = base;
  std::swap(other[0], other[1]);
  EXPECT_GE(exact_changes(bench.evaluator(), base, mse, {{other}}, kTiles)[0].mean, 0);
}

}  // namespace
}  // namespace kintsugi
