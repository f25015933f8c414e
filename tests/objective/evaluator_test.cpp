#include "objective/evaluator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "objective/reference.hpp"
#include "objective/shared_sample.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 5;

// Two outputs, blocks of three hidden sizes, a last tile that is not full.
PlantedProblem uneven_problem(Activation activation = Activation::relu, bool biases = true) {
  PlantedOptions options;
  options.blocks = 7;
  options.width = 6;
  options.hidden = {5, 11, 8};
  options.outputs = 2;
  options.activation = activation;
  options.biases = biases;
  options.rows = 32 * (kTiles - 1) + 9;
  options.pair_signal = 0.5;
  options.noise = 0.2;
  return make_planted(options);
}

// Orders that share starts of all lengths with the first, which is the base: none, some, all.
std::vector<Blocks> candidates_of(const PlantedProblem& problem) {
  const Blocks base = shuffled_blocks(problem, 1);
  std::vector<Blocks> candidates{base};
  for (std::size_t b = 0; b + 1 < base.size(); ++b) {
    candidates.push_back(base);
    std::swap(candidates.back()[b], candidates.back()[b + 1]);
  }
  candidates.push_back(base);
  candidates.push_back(shuffled_blocks(problem, 2));
  candidates.push_back(problem.truth.blocks);
  return candidates;
}

TEST(Evaluator, ErrorsEqualFloat64) {
  const mpi::Comm world = mpi::Comm::world();
  for (const Activation activation : kActivations) {
    for (const bool biases : {true, false}) {
      const PlantedProblem problem = uneven_problem(activation, biases);
      const Reference reference(problem);
      Workbench bench(world, problem, {1, world.size()});
      for (const std::size_t tiles : {std::size_t{1}, std::size_t{3}, kTiles}) {
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
          const Blocks blocks = shuffled_blocks(problem, seed);
          const double expected = reference.mse(blocks, tiles);
          EXPECT_NEAR(bench.evaluator().error(blocks, tiles), expected, 2e-6 * (expected + 0.1))
              << to_string(activation) << ", " << tiles << " tiles";
        }
      }
    }
  }
}

TEST(Evaluator, ErrorsHaveTheSameBitsOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = uneven_problem();
  const std::vector<Blocks> candidates = candidates_of(problem);
  Workbench alone(self, problem, {1, 1});
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    for (std::size_t tiles = 1; tiles <= kTiles; ++tiles) {
      const std::vector<double> errors = bench.evaluator().errors(candidates.front(), candidates, tiles);
      EXPECT_EQ(errors, alone.evaluator().errors(candidates.front(), candidates, tiles))
          << grid.candidate_groups << " x " << grid.row_groups << ", " << tiles << " tiles";
    }
  }
}

TEST(Evaluator, BatchesEqualSingleEvaluations) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem(Activation::gelu);
  const std::vector<Blocks> candidates = candidates_of(problem);
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const std::vector<double> batch = bench.evaluator().errors(candidates.front(), candidates, kTiles);
    const std::vector<double> unrelated = bench.evaluator().errors(candidates.back(), candidates, kTiles);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      EXPECT_EQ(batch[i], bench.evaluator().error(candidates[i], kTiles)) << "candidate " << i;
      EXPECT_EQ(batch[i], unrelated[i]) << "whatever the base; candidate " << i;
    }
  }
}

TEST(Evaluator, AnEmptyBatchIsNothing) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem();
  Workbench bench(world, problem, {1, world.size()});
  EXPECT_TRUE(bench.evaluator().errors(problem.truth.blocks, {}, 2).empty());
}

TEST(Evaluator, TheBestIsTheFirstOfTheLeast) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem();
  Workbench bench(world, problem, {1, world.size()});
  const Blocks& truth = problem.truth.blocks;
  Blocks wrong = truth;
  std::swap(wrong[0], wrong[1]);
  const std::vector<Blocks> candidates{wrong, truth, wrong, truth};
  const Evaluator::Best best = bench.evaluator().best_of(wrong, candidates, 2);
  EXPECT_EQ(best.index, 1U);
  EXPECT_EQ(best.error, bench.evaluator().error(truth, 2));
}

TEST(Evaluator, CountsAreTheSameOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = uneven_problem();
  const std::vector<Blocks> candidates = candidates_of(problem);
  const auto blocks = static_cast<std::int64_t>(candidates.front().size());
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    Workbench alone(self, problem, {1, 1});
    for (Evaluator* evaluator : {&bench.evaluator(), &alone.evaluator()}) {
      (void)evaluator->error(candidates.front(), 2);
      EXPECT_EQ(evaluator->block_evaluations(), blocks);
      EXPECT_EQ(evaluator->work(), 2 * blocks);
      (void)evaluator->check(candidates.front());
      EXPECT_EQ(evaluator->block_evaluations(), 2 * blocks);
      EXPECT_EQ(evaluator->work(), (2 + static_cast<std::int64_t>(kTiles)) * blocks);
      (void)evaluator->errors(candidates.front(), candidates, 3);
    }
    EXPECT_EQ(bench.evaluator().block_evaluations(), alone.evaluator().block_evaluations());
    EXPECT_EQ(bench.evaluator().work(), alone.evaluator().work());
    // Shared starts cost once: cheaper than every candidate on its own.
    EXPECT_LT(alone.evaluator().block_evaluations(), (2 + static_cast<std::int64_t>(candidates.size())) * blocks);
  }
}

TEST(Evaluator, CheckLooksAtAllRows) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem();
  const Reference reference(problem);
  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem, {1, 1});
  const Blocks blocks = shuffled_blocks(problem, 3);
  const Evaluator::Check expected = alone.evaluator().check(blocks);
  EXPECT_NEAR(expected.mse, reference.mse(blocks, kTiles), 1e-5 * expected.mse);
  EXPECT_NEAR(expected.largest_error, reference.largest_error(blocks), 1e-5 * expected.largest_error);
  EXPECT_EQ(expected.mse, alone.evaluator().error(blocks, kTiles));
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const Evaluator::Check check = bench.evaluator().check(blocks);
    EXPECT_EQ(check.mse, expected.mse);
    EXPECT_EQ(check.largest_error, expected.largest_error);
  }
}

TEST(Evaluator, TheTrueOrderOfExactPredictionsHasARoundingError) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(6, 8, 100);
  Workbench bench(world, problem, {1, world.size()});
  const Evaluator::Check check = bench.evaluator().check(problem.truth.blocks);
  EXPECT_LT(check.mse, 1e-11);
  EXPECT_LT(check.largest_error, 1e-5);
  EXPECT_GT(bench.evaluator().error(shuffled_blocks(problem, 1), 4), 1e-6);
}

TEST(Evaluator, OverflowIsInfinite) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 4;
  options.width = 5;
  options.hidden = {6};
  options.rows = 70;
  options.pair_signal = 0.5;
  PlantedProblem problem = make_planted(options);
  // Block 1 is made of a huge and a tiny piece, block 2 of a tiny and a huge one; with their partners exchanged, the
  // two huge pieces meet.
  const Blocks good = problem.truth.blocks;
  const auto scale = [&](int piece, float factor) {
    for (float& weight : problem.network.pieces[static_cast<std::size_t>(piece)].weight) weight *= factor;
    for (float& bias : problem.network.pieces[static_cast<std::size_t>(piece)].bias) bias = 0;
  };
  scale(good[1].expand, 1e25F);
  scale(good[1].compress, 1e-25F);
  scale(good[2].expand, 1e-25F);
  scale(good[2].compress, 1e25F);
  Blocks bad = good;
  std::swap(bad[1].compress, bad[2].compress);
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    const Blocks orders[] = {good, bad, good};
    const std::vector<double> errors = bench.evaluator().errors(good, orders, 3);
    EXPECT_TRUE(std::isfinite(errors[0]));
    EXPECT_EQ(errors[1], std::numeric_limits<double>::infinity());
    EXPECT_EQ(errors[2], errors[0]);
    const Evaluator::Check check = bench.evaluator().check(bad);
    EXPECT_EQ(check.mse, std::numeric_limits<double>::infinity());
    EXPECT_EQ(check.largest_error, std::numeric_limits<double>::infinity());
  }
}

TEST(Evaluator, DifferencesOnTilesAnywhereAreThoseOfTheErrors) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem();
  const std::vector<Blocks> candidates = candidates_of(problem);
  Workbench bench(world, problem, all_grids(world.size()).back());
  Evaluator& evaluator = bench.evaluator();
  const auto squares_before = [&](std::size_t tiles) {
    std::vector<double> squares =
        tiles == 0 ? std::vector<double>(candidates.size(), 0.0) : evaluator.errors(candidates[0], candidates, tiles);
    for (double& one : squares) one *= static_cast<double>(2 * evaluator.rows().rows_in(tiles));
    return squares;
  };
  for (std::size_t first = 0; first < kTiles; ++first) {
    const SharedSample sample(evaluator, kTiles - first, first);
    const std::size_t rows = evaluator.rows().rows_in(kTiles) - evaluator.rows().rows_in(first);
    const std::vector<float> own = evaluator.own_differences(candidates[0], candidates, sample);
    const std::vector<double> before = squares_before(first);
    const std::vector<double> all = squares_before(kTiles);
    std::size_t at = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!sample.is_mine(i)) continue;
      ASSERT_LE(at + 2 * rows, own.size());
      double squares = 0;
      for (std::size_t k = 0; k < 2 * rows; ++k, ++at) squares += double{own[at]} * double{own[at]};
      EXPECT_NEAR(squares, all[i] - before[i], 1e-5 * all[i]) << "candidate " << i << ", tiles from " << first;
    }
    EXPECT_EQ(at, own.size());
  }
}

TEST(Evaluator, OwnTilesAreEachOnesOnce) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = uneven_problem();
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    for (std::size_t tiles = 1; tiles <= kTiles; ++tiles) {
      std::vector<std::int64_t> owners(kTiles, 0);
      for (const RowTile* tile : bench.evaluator().own_tiles(tiles)) ++owners[tile->index];
      world.sum(owners);
      for (std::size_t t = 0; t < kTiles; ++t) EXPECT_EQ(owners[t], t < tiles ? 1 : 0) << "tile " << t;
    }
  }
}

TEST(ChooseGrid, TakesRowsFirst) {
  const auto expect = [](Grid grid, int candidate_groups, int row_groups) {
    EXPECT_EQ(grid.candidate_groups, candidate_groups);
    EXPECT_EQ(grid.row_groups, row_groups);
  };
  expect(choose_grid(1, 0, 0, 1), 1, 1);
  expect(choose_grid(4, 0, 0, 100), 1, 4);
  expect(choose_grid(4, 0, 0, 3), 2, 2);
  expect(choose_grid(6, 0, 0, 5), 2, 3);
  expect(choose_grid(7, 0, 0, 6), 7, 1);
  expect(choose_grid(6, 3, 0, 100), 3, 2);
  expect(choose_grid(6, 0, 3, 100), 2, 3);
  expect(choose_grid(6, 6, 1, 100), 6, 1);
}

TEST(ChooseGrid, RefusesGridsThatDoNotUseTheRanks) {
  EXPECT_THROW((void)choose_grid(4, 3, 0, 100), UsageError);
  EXPECT_THROW((void)choose_grid(4, 0, 3, 100), UsageError);
  EXPECT_THROW((void)choose_grid(4, 2, 1, 100), UsageError);
  EXPECT_THROW((void)choose_grid(4, -2, -2, 100), UsageError);
  EXPECT_THROW((void)choose_grid(4, 8, 0, 100), UsageError);
  try {
    (void)choose_grid(4, 3, 2, 100);
    ADD_FAILURE() << "3 x 2 does not use 4 ranks";
  } catch (const UsageError& error) {
    const std::string message = error.what();
    for (const char* part : {"3 candidate groups", "2 row groups", "4 ranks"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace kintsugi
