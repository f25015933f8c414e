#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "analysis/bubble_repair.hpp"
#include "analysis/swap_gains.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::roles_of;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

// 3 tiles, the last one not full; blocks of two hidden sizes, two outputs.
PlantedProblem small_problem(Activation activation = Activation::relu) {
  PlantedOptions options;
  options.blocks = 6;
  options.width = 6;
  options.hidden = {9, 12};
  options.outputs = 2;
  options.rows = 75;
  options.pair_signal = 0.5;
  options.activation = activation;
  return make_planted(options);
}

Blocks swapped(Blocks blocks, std::size_t i, std::size_t j) {
  std::swap(blocks[i], blocks[j]);
  return blocks;
}

TEST(SwapGains, ExactOnesAreDifferencesOfErrors) {
  const PlantedProblem problem = small_problem();
  const mpi::Comm world = mpi::Comm::world();
  for (const Grid grid : kintsugi::testing::all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    Evaluator& evaluator = bench.evaluator();
    const Reference reference(problem);
    const Blocks blocks = shuffled_blocks(problem, 5);
    const std::size_t n = blocks.size();
    const SwapGains gains = exact_swap_gains(evaluator, blocks, 3);
    EXPECT_EQ(gains.mse, evaluator.error(blocks, 3));
    EXPECT_NEAR(gains.mse, reference.mse(blocks, 3), 1e-5 * gains.mse);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (j <= i) {
          EXPECT_EQ(gains.change[i * n + j], 0);
          continue;
        }
        EXPECT_EQ(gains.change[i * n + j], evaluator.error(swapped(blocks, i, j), 3) - gains.mse);
        EXPECT_NEAR(gains.change[i * n + j], reference.mse(swapped(blocks, i, j), 3) - gains.mse, 1e-5 * gains.mse);
      }
    }
  }
}

/// The predictions of the blocks from position `from` on, and the head, at a state; float64.
std::vector<double> outputs_from(const Reference& reference, const PlantedProblem& problem, const Blocks& blocks,
                                 std::size_t from, std::vector<double> x) {
  for (std::size_t t = from; t < blocks.size(); ++t) {
    const std::vector<double> r = reference.residual(blocks[t], x);
    for (std::size_t f = 0; f < x.size(); ++f) x[f] += r[f];
  }
  const Piece& head = problem.network.pieces[static_cast<std::size_t>(problem.truth.head)];
  std::vector<double> outputs(head.bias.begin(), head.bias.end());
  outputs.resize(head.out, 0.0);
  for (std::size_t q = 0; q < head.out; ++q) {
    for (std::size_t f = 0; f < head.in; ++f) outputs[q] += static_cast<double>(head.weight[q * head.in + f]) * x[f];
  }
  return outputs;
}

/// What putting `in` for `out` at a position changes the predictions by to first order, by central differences.
std::vector<double> derivative(const Reference& reference, const PlantedProblem& problem, const Blocks& blocks,
                               std::size_t position, const std::vector<double>& x, const Block& in) {
  constexpr double kStep = 1e-5;
  std::vector<double> plus = reference.residual(blocks[position], x);
  const std::vector<double> placed = reference.residual(in, x);
  std::vector<double> minus = plus;
  for (std::size_t f = 0; f < x.size(); ++f) {
    const double change = placed[f] - plus[f];
    minus[f] = x[f] + minus[f] - kStep * change;
    plus[f] = x[f] + plus[f] + kStep * change;
  }
  std::vector<double> up = outputs_from(reference, problem, blocks, position + 1, plus);
  const std::vector<double> down = outputs_from(reference, problem, blocks, position + 1, minus);
  for (std::size_t q = 0; q < up.size(); ++q) up[q] = (up[q] - down[q]) / (2 * kStep);
  return up;
}

TEST(SwapGains, ScreenedOnesAreTheFirstOrder) {
  const PlantedProblem problem = small_problem(Activation::tanh);  // smooth, so that differences are derivatives
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  const Reference reference(problem);
  const Blocks blocks = shuffled_blocks(problem, 8);
  const std::size_t n = blocks.size();
  const SwapGains gains = screened_swap_gains(bench.evaluator(), blocks, 3);
  EXPECT_NEAR(gains.mse, reference.mse(blocks, 3), 1e-5 * gains.mse);

  std::vector<double> expected(n * n, 0.0);
  const std::vector<std::size_t> rows = reference.sample(3);
  for (const std::size_t row : rows) {
    std::vector<std::vector<double>> states{reference.input(row)};
    for (const Block& block : blocks) {
      std::vector<double> next = reference.residual(block, states.back());
      for (std::size_t f = 0; f < next.size(); ++f) next[f] += states.back()[f];
      states.push_back(std::move(next));
    }
    const std::vector<double> errors = reference.row_errors(blocks, row);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) {
        const std::vector<double> at_i = derivative(reference, problem, blocks, i, states[i], blocks[j]);
        const std::vector<double> at_j = derivative(reference, problem, blocks, j, states[j], blocks[i]);
        for (std::size_t q = 0; q < errors.size(); ++q) {
          const double change = at_i[q] + at_j[q];
          expected[i * n + j] += (2 * errors[q] + change) * change / static_cast<double>(rows.size() * errors.size());
        }
      }
    }
  }
  for (std::size_t entry = 0; entry < n * n; ++entry) {
    EXPECT_NEAR(gains.change[entry], expected[entry], 1e-4 * gains.mse) << entry;
  }
}

TEST(BubbleRepair, DoesWhatPlainSweepsDo) {
  const PlantedProblem problem = make_planted(9, 8, 200, 4);
  const mpi::Comm world = mpi::Comm::world();
  for (const Grid grid : kintsugi::testing::all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    Evaluator& evaluator = bench.evaluator();
    const std::size_t tiles = 4;
    const Blocks start = shuffled_blocks(problem, 2);
    const BubbleRepair repair = repair_by_bubbling(evaluator, start, tiles, 0, [&](const Blocks& blocks) {
      return evaluator.error(blocks, evaluator.rows().tiles());
    });
    EXPECT_TRUE(repair.finished);
    ASSERT_GT(repair.rounds.size(), 2U);

    Blocks blocks = start;
    double mse = evaluator.error(blocks, tiles);
    std::int64_t cumulative = 0;
    for (std::size_t round = 0; round < repair.rounds.size(); ++round) {
      std::int64_t swaps = 0;
      for (std::size_t p = 0; p + 1 < blocks.size(); ++p) {
        const Blocks tried = swapped(blocks, p, p + 1);
        const double error = evaluator.error(tried, tiles);
        if (!(error < mse)) continue;
        blocks = tried;
        mse = error;
        ++swaps;
      }
      cumulative += swaps;
      EXPECT_EQ(repair.rounds[round].round, static_cast<int>(round + 1));
      EXPECT_EQ(repair.rounds[round].swaps, swaps);
      EXPECT_EQ(repair.rounds[round].cumulative, cumulative);
      EXPECT_EQ(repair.rounds[round].mse, evaluator.error(blocks, evaluator.rows().tiles()));
      EXPECT_EQ(swaps == 0, round + 1 == repair.rounds.size());
      // The whole network once; then each round tries from n down to 2 blocks and passes n - 1.
      const auto n = static_cast<std::int64_t>(blocks.size());
      const std::int64_t a_round = n * (n + 1) / 2 - 1 + n - 1;
      EXPECT_EQ(repair.spent[round], (n + static_cast<std::int64_t>(round + 1) * a_round + n - 1) / n);
    }
    EXPECT_EQ(repair.blocks, blocks);
  }
}

TEST(BubbleRepair, EndsWithItsBudget) {
  const PlantedProblem problem = make_planted(9, 8, 200, 4);
  const mpi::Comm world = mpi::Comm::world();
  Workbench bench(world, problem, {1, world.size()});
  const BubbleRepair repair =
      repair_by_bubbling(bench.evaluator(), shuffled_blocks(problem, 2), 4, 1, [](const Blocks&) { return 0.0; });
  EXPECT_FALSE(repair.finished);
  EXPECT_EQ(repair.rounds.size(), 1U);
  // A whole evaluation, 8 tries from 9 down to 2 blocks, and 8 blocks passed: (9 + 44 + 8) / 9, rounded up.
  EXPECT_EQ(repair.evaluations, 7);
  EXPECT_EQ(repair.spent, std::vector<std::int64_t>{7});
}

}  // namespace
}  // namespace kintsugi
