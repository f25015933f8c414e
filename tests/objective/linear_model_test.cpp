#include "objective/linear_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::with_residuals;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 4;

// Two outputs, blocks of three hidden sizes, errors that no order makes zero.
PlantedProblem uneven_problem(Activation activation, double residual = 0.1, std::size_t blocks = 7,
                              Norm head_norm = Norm::none) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = 6;
  options.hidden = {5, 11, 8};
  options.outputs = 2;
  options.activation = activation;
  options.rows = 32 * kTiles - 11;
  options.pair_signal = 0.5;
  options.residual = residual;
  options.noise = 0.5;
  options.grammar.form.head_norm = head_norm;
  options.grammar.gain = false;
  return make_planted(options);
}

std::vector<Insertion> all_insertions(std::size_t blocks) {
  std::vector<Insertion> moves;
  for (int from = 0; from < static_cast<int>(blocks); ++from) {
    for (int to = 0; to < static_cast<int>(blocks); ++to) {
      if (from != to) moves.push_back({from, to, 0});
    }
  }
  return moves;
}

double screened(std::span<const double> changes, std::size_t reach, const Insertion& move) {
  return changes[static_cast<std::size_t>(move.from) * (2 * reach + 1) +
                 static_cast<std::size_t>(move.to - move.from + static_cast<int>(reach))];
}

TEST(LinearModel, StartsFromTheExactError) {
  const mpi::Comm world = mpi::Comm::world();
  for (const Activation activation : kActivations) {
    const PlantedProblem problem = uneven_problem(activation);
    Workbench bench(world, problem, {1, world.size()});
    LinearModel model(bench.evaluator());
    const Blocks blocks = shuffled_blocks(problem, 1);
    for (const std::size_t tiles : {std::size_t{1}, std::size_t{3}, kTiles}) {
      ASSERT_TRUE(model.linearise(blocks, tiles));
      const double exact = bench.evaluator().error(blocks, tiles);
      EXPECT_NEAR(model.base_error(), exact, 1e-6 * exact);
      EXPECT_EQ(model.predicted_error(), model.base_error());
      EXPECT_EQ(model.blocks(), blocks);
    }
  }
}

TEST(LinearModel, ScreenPredictsWhatApplyDoes) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem(Activation::relu);
  const std::size_t blocks = problem.truth.blocks.size();
  const std::size_t reach = blocks - 1;
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(shuffled_blocks(problem, 1), kTiles));
  // At the point of linearisation, and after moves on the model.
  const Insertion earlier[] = {{0, 2, 0}, {6, 3, 0}};
  for (const bool moved : {false, true}) {
    for (const Insertion& move : all_insertions(blocks)) {
      model.rewind();
      if (moved) model.apply(earlier);
      const double before = model.predicted_error();
      const double predicted = screened(model.screen(reach), reach, move);
      model.apply(std::span(&move, 1));
      EXPECT_NEAR(model.predicted_error() - before, predicted, 2e-6 * model.base_error())
          << move.from << " to " << move.to;
    }
  }
}

TEST(LinearModel, ApplyMovesBlocksAndRewindGoesBack) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem(Activation::gelu);
  const Blocks blocks = shuffled_blocks(problem, 1);
  const std::size_t reach = blocks.size() - 1;
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(blocks, kTiles));
  const std::span<const double> view = model.screen(reach);
  const std::vector<double> fresh(view.begin(), view.end());
  const Insertion moves[] = {{0, 2, 0}, {5, 4, 0}};
  model.apply(moves);
  EXPECT_EQ(model.blocks(), (Blocks{blocks[1], blocks[2], blocks[0], blocks[3], blocks[5], blocks[4], blocks[6]}));
  EXPECT_NE(model.predicted_error(), model.base_error());
  model.rewind();
  EXPECT_EQ(model.blocks(), blocks);
  EXPECT_EQ(model.predicted_error(), model.base_error());
  const std::span<const double> again = model.screen(reach);
  EXPECT_EQ(std::vector<double>(again.begin(), again.end()), fresh);
}

TEST(LinearModel, ScreenIsABand) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem(Activation::relu);
  const auto blocks = static_cast<int>(problem.truth.blocks.size());
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(shuffled_blocks(problem, 1), kTiles));
  const std::size_t widest = static_cast<std::size_t>(blocks) - 1;
  const std::span<const double> view = model.screen(widest);
  const std::vector<double> whole(view.begin(), view.end());
  for (std::size_t reach = 1; reach <= widest; ++reach) {
    const std::span<const double> band = model.screen(reach);
    ASSERT_EQ(band.size(), static_cast<std::size_t>(blocks) * (2 * reach + 1));
    for (int from = 0; from < blocks; ++from) {
      for (int shift = -static_cast<int>(reach); shift <= static_cast<int>(reach); ++shift) {
        const Insertion move{from, from + shift, 0};
        const bool inside = move.to >= 0 && move.to < blocks;
        const double change = screened(band, reach, move);
        if (!inside) {
          EXPECT_EQ(change, std::numeric_limits<double>::infinity());
        } else {
          EXPECT_EQ(change, screened(whole, widest, move)) << from << " to " << move.to;
          EXPECT_EQ(change == 0, shift == 0) << from << " to " << move.to;
        }
      }
    }
  }
}

// Sum over all insertions of |predicted - exact change|, the exact one in float64, and of the exact changes themselves.
struct ModelError {
  double error = 0;
  double changes = 0;
};

ModelError model_error(const mpi::Comm& comm, const PlantedProblem& problem, const Blocks& blocks, std::size_t near) {
  const Reference reference(problem);
  Workbench bench(comm, problem, {1, comm.size()});
  LinearModel model(bench.evaluator());
  EXPECT_TRUE(model.linearise(blocks, 2, near));
  const std::size_t widest = blocks.size() - 1;
  const std::span<const double> changes = model.screen(widest);
  const double before = reference.mse(blocks, 2);
  ModelError total;
  for (const Insertion& move : all_insertions(blocks.size())) {
    Blocks after = blocks;
    insert_in(after, move.from, move.to);
    const double exact = reference.mse(after, 2) - before;
    total.error += std::fabs(screened(changes, widest, move) - exact);
    total.changes += std::fabs(exact);
  }
  return total;
}

TEST(LinearModel, IsAccurateToSecondOrderInTheResiduals) {
  // Predictions are off by terms of third order, where the changes themselves are of second.
  const mpi::Comm world = mpi::Comm::world();
  using Case = std::pair<Activation, Norm>;
  for (const auto& [activation, norm] :
       {Case{Activation::gelu, Norm::none}, Case{Activation::tanh, Norm::none}, Case{Activation::silu, Norm::none},
        Case{Activation::gelu, Norm::layer}, Case{Activation::silu, Norm::rms}}) {
    const PlantedProblem problem = uneven_problem(activation, 0.4, 5, norm);
    const Blocks blocks = shuffled_blocks(problem, 1);
    ModelError last = model_error(world, problem, blocks, 0);
    for (const float factor : {0.5F, 0.25F, 0.125F}) {
      const ModelError smaller = model_error(world, with_residuals(problem, factor), blocks, 0);
      EXPECT_LT(smaller.error, last.error / 4) << to_string(activation) << " at " << factor;
      EXPECT_LT(smaller.error / smaller.changes, 0.75 * last.error / last.changes) << to_string(activation);
      last = smaller;
    }
    EXPECT_LT(last.error, 0.1 * last.changes) << to_string(activation);
  }
}

// Three blocks on six features: the first writes what the second reads, the third has to do with neither. What the
// second makes of the first's residual is all that an order decides, so that only the kinks stand between the model and
// the truth.
PlantedProblem chain_problem() {
  PlantedOptions options;
  options.blocks = 3;
  options.width = 6;
  options.hidden = {16};
  options.rows = 32 * kTiles;
  options.pair_signal = 0.5;
  options.residual = 0.5;
  options.noise = 0.5;
  PlantedProblem problem = make_planted(options);
  const std::size_t reads[] = {0, 2, 0};
  const std::size_t writes[] = {2, 4, 4};
  for (std::size_t b = 0; b < 3; ++b) {
    Piece& expand = problem.network.pieces[static_cast<std::size_t>(problem.truth.blocks[b].expand)];
    Piece& compress = problem.network.pieces[static_cast<std::size_t>(problem.truth.blocks[b].compress)];
    for (std::size_t i = 0; i < expand.weight.size(); ++i) {
      if (i % 6 / 2 != reads[b] / 2) expand.weight[i] = 0;
    }
    for (std::size_t i = 0; i < compress.weight.size(); ++i) {
      compress.weight[i] *= i / 16 / 2 == writes[b] / 2 ? 2.0F : 0.0F;
    }
    for (std::size_t i = 0; i < 6; ++i) {
      if (i / 2 != writes[b] / 2) compress.bias[i] = 0;
    }
  }
  return problem;
}

TEST(LinearModel, NearDifferencesSeeTheKinks) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = chain_problem();
  std::vector<int> order{0, 1, 2};
  do {
    Blocks blocks;
    for (const int b : order) blocks.push_back(problem.truth.blocks[static_cast<std::size_t>(b)]);
    const ModelError jacobians = model_error(world, problem, blocks, 0);
    const ModelError differences = model_error(world, problem, blocks, 2);
    EXPECT_GT(jacobians.error, 0.01 * jacobians.changes);
    EXPECT_LT(differences.error, 1e-5 * differences.changes) << order[0] << order[1] << order[2];
  } while (std::next_permutation(order.begin(), order.end()));
}

// More outputs than the model has channels.
PlantedProblem wide_problem(double noise) {
  PlantedOptions options;
  options.blocks = 6;
  options.width = 24;
  options.hidden = {30};
  options.outputs = ForwardBackward::kMostChannels + 9;
  options.activation = Activation::gelu;
  options.rows = 32 * kTiles;
  options.pair_signal = 0.5;
  options.noise = noise;
  return make_planted(options);
}

TEST(LinearModel, SketchesManyOutputs) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = wide_problem(0.5);
  const Blocks blocks = shuffled_blocks(problem, 1);
  Workbench alone(self, problem, {1, 1});
  LinearModel expected(alone.evaluator());
  ASSERT_TRUE(expected.linearise(blocks, kTiles));
  const double exact = alone.evaluator().error(blocks, kTiles);
  EXPECT_NEAR(expected.base_error(), exact, 1e-6 * exact) << "the error itself is not sketched";
  const std::span<const double> view = expected.screen(5);
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    LinearModel model(bench.evaluator());
    ASSERT_TRUE(model.linearise(blocks, kTiles));
    EXPECT_EQ(model.base_error(), expected.base_error());
    EXPECT_EQ(model.predicted_error(), expected.predicted_error());
    const std::span<const double> changes = model.screen(5);
    EXPECT_TRUE(std::ranges::equal(changes, view)) << grid.candidate_groups << " x " << grid.row_groups;
  }
  // Screened and applied changes follow one law, sketched or not.
  for (const Insertion& move : all_insertions(blocks.size())) {
    const double predicted = screened(view, 5, move);
    expected.rewind();
    expected.apply(std::span(&move, 1));
    EXPECT_NEAR(expected.predicted_error() - expected.base_error(), predicted, 1e-5 * expected.base_error());
  }
}

TEST(LinearModel, ASketchFindsTheMovesThatHelp) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = wide_problem(0);
  const ModelError sketched = model_error(world, problem, shuffled_blocks(problem, 1), 0);
  EXPECT_LT(sketched.error, 0.7 * sketched.changes);
}

// Everything that a model says along a walk.
std::vector<double> walk(Evaluator& evaluator, const Blocks& blocks, std::size_t near) {
  LinearModel model(evaluator);
  EXPECT_TRUE(model.linearise(blocks, kTiles, near));
  std::vector<double> said{model.base_error()};
  const Insertion rounds[][2] = {{{0, 2, 0}, {5, 3, 0}}, {{6, 1, 0}, {0, 0, 0}}, {{3, 2, 0}, {4, 6, 0}}};
  for (const auto& moves : rounds) {
    for (const std::size_t reach : {1U, 3U, 6U}) {
      const std::span<const double> changes = model.screen(reach);
      said.insert(said.end(), changes.begin(), changes.end());
    }
    model.apply(moves);
    said.push_back(model.predicted_error());
  }
  said.push_back(static_cast<double>(evaluator.work()));
  return said;
}

TEST(LinearModel, SaysTheSameToTheBitOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = uneven_problem(Activation::relu);
  const Blocks blocks = shuffled_blocks(problem, 1);
  for (const std::size_t near : {0U, 2U}) {
    Workbench alone(self, problem, {1, 1});
    const std::vector<double> expected = walk(alone.evaluator(), blocks, near);
    for (const Grid grid : all_grids(world.size())) {
      Workbench bench(world, problem, grid);
      EXPECT_EQ(walk(bench.evaluator(), blocks, near), expected)
          << grid.candidate_groups << " x " << grid.row_groups << ", near " << near;
    }
  }
}

TEST(LinearModel, ASmallerBudgetMeansFewerTilesAndTheSampleError) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem(Activation::relu);
  const Blocks blocks = shuffled_blocks(problem, 1);
  Workbench bench(world, problem, {1, world.size()});
  // Effects of two tiles and two outputs, and not quite of a third.
  MemoryBudget memory;
  memory.effects = 3 * 2 * blocks.size() * blocks.size() * 32 * sizeof(float) - 1;
  LinearModel model(bench.evaluator(), {}, memory);
  ASSERT_TRUE(model.linearise(blocks, kTiles));
  EXPECT_EQ(model.base().tiles, 2U);
  EXPECT_EQ(model.base_error(), bench.evaluator().error(blocks, kTiles));
}

TEST(LinearModel, RefusesAnOrderThatOverflows) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedProblem problem = uneven_problem(Activation::relu);
  for (const Block& block : problem.truth.blocks) {
    for (float& weight : problem.network.pieces[static_cast<std::size_t>(block.compress)].weight) weight *= 1e20F;
  }
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  EXPECT_FALSE(model.linearise(problem.truth.blocks, kTiles));
}

TEST(LinearModel, ScreensAnOrderWithoutError) {
  // All states are zero, so every order is exact and no move changes anything.
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 4;
  options.width = 6;
  options.hidden = {8};
  options.biases = false;
  options.rows = 40;
  options.pair_signal = 0.5;
  const PlantedProblem problem = make_planted(options);
  for (float& value : problem.rows->inputs) value = 0;
  for (float& value : problem.rows->predictions) value = 0;
  Workbench bench(world, problem, {1, world.size()});
  LinearModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(problem.truth.blocks, 2));
  EXPECT_EQ(model.base_error(), 0);
  const std::span<const double> changes = model.screen(3);
  for (const Insertion& move : all_insertions(4)) EXPECT_EQ(screened(changes, 3, move), 0);
}

}  // namespace
}  // namespace kintsugi
