#include "objective/swap_changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::with_residuals;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 8;

PlantedProblem smooth_problem() {
  PlantedOptions options;
  options.blocks = 7;
  options.width = 6;
  options.hidden = {5, 11};
  options.outputs = 2;
  options.activation = Activation::gelu;
  options.rows = 32 * kTiles - 11;
  options.pair_signal = 0.5;
  options.residual = 0.4;
  options.noise = 0.5;
  return make_planted(options);
}

Blocks swapped_at(Blocks order, std::size_t at) {
  std::swap(order[at], order[at + 1]);
  return order;
}

// In float64: each row's change of its mean squared error, and from them what swap_changes() estimates.
SwapChange exact_change(const Reference& reference, const Blocks& order, std::size_t at) {
  const Blocks swapped = swapped_at(order, at);
  std::vector<double> changes;
  double mean = 0;
  for (const std::size_t row : reference.sample(kTiles)) {
    const std::vector<double> before = reference.row_errors(order, row);
    const std::vector<double> after = reference.row_errors(swapped, row);
    double change = 0;
    for (std::size_t q = 0; q < before.size(); ++q) change += after[q] * after[q] - before[q] * before[q];
    changes.push_back(change / static_cast<double>(before.size()));
    mean += changes.back();
  }
  const auto rows = static_cast<double>(changes.size());
  mean /= rows;
  double variance = 0;
  for (const double change : changes) variance += (change - mean) * (change - mean) / (rows - 1);
  return {mean, std::sqrt(variance / rows)};
}

struct Misses {
  double change = 0;          // of all changes, relative to their sizes
  double standard_error = 0;  // the largest, relative
};

Misses misses(const mpi::Comm& comm, const PlantedProblem& problem, const Blocks& order) {
  const Reference reference(problem);
  Workbench bench(comm, problem, {1, comm.size()});
  LinearModel model(bench.evaluator());
  EXPECT_TRUE(model.linearise(order, kTiles, 1));
  const std::vector<SwapChange> found = swap_changes(model);
  EXPECT_EQ(found.size(), order.size() - 1);
  double missed = 0;
  double sizes = 0;
  Misses result;
  for (std::size_t at = 0; at < found.size(); ++at) {
    const SwapChange exact = exact_change(reference, order, at);
    missed += std::fabs(found[at].change - exact.change);
    sizes += std::fabs(exact.change);
    result.standard_error =
        std::max(result.standard_error, std::fabs(found[at].standard_error / exact.standard_error - 1));
  }
  result.change = missed / sizes;
  return result;
}

TEST(SwapChanges, ApproachTheExactOnesAsResidualsShrink) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = smooth_problem();
  for (const Blocks& order : {problem.truth.blocks, shuffled_blocks(problem, 1)}) {
    // What is missed is of third order in the residuals, the changes themselves of second: half the residuals, half the
    // relative miss.
    Misses last = misses(world, with_residuals(problem, 0.5F), order);
    for (const float factor : {0.25F, 0.125F, 0.0625F}) {
      const Misses smaller = misses(world, with_residuals(problem, factor), order);
      EXPECT_LT(smaller.change, 0.6 * last.change) << "at " << factor;
      EXPECT_LT(smaller.standard_error, 0.75 * last.standard_error) << "at " << factor;
      last = smaller;
    }
    EXPECT_LT(last.change, 0.05);
    EXPECT_LT(last.standard_error, 0.05);
  }
}

TEST(SwapChanges, OfOneBlockAreNone) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(1, 8, 100);
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(problem.truth.blocks, 2, 1));
  EXPECT_TRUE(swap_changes(model).empty());
}

}  // namespace
}  // namespace kintsugi
