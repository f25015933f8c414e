#include "objective/prediction_scales.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "core/random.hpp"
#include "objective/error_floor.hpp"
#include "objective/linear_model.hpp"
#include "objective/reference.hpp"
#include "objective/swap_changes.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::roles_of;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::with_residuals;

/// Normal predictions, output q multiplied by its scale, with an offset.
std::shared_ptr<Rows> normal_rows(const std::vector<double>& scales, double offset = 0) {
  Random random(1);
  auto rows = std::make_shared<Rows>();
  rows->shape = {333, 2, scales.size()};
  for (std::size_t i = 0; i < rows->shape.rows; ++i) {
    rows->inputs.insert(rows->inputs.end(), {0, 0});
    for (const double scale : scales) rows->predictions.push_back(static_cast<float>(scale * random.normal() + offset));
  }
  return rows;
}

PredictionScales scales_of(const std::shared_ptr<Rows>& rows) {
  MemoryRows source(rows);
  return RowTiles(mpi::Comm::world(), source, true).scales();
}

TEST(PredictionScales, OrdinaryPredictionsAreLeftAlone) {
  EXPECT_FALSE(scales_of(normal_rows({1})).any());
  EXPECT_FALSE(scales_of(normal_rows({100, 400, 50})).any()) << "of like scale";
  EXPECT_FALSE(scales_of(normal_rows({1}, 2020)).any()) << "an offset is none of this";
  EXPECT_FALSE(scales_of(normal_rows({0})).any()) << "nor are constant predictions";
  EXPECT_EQ(describe(scales_of(normal_rows({1}))), "");
}

TEST(PredictionScales, OutputsOfUnlikeScaleComeNearOne) {
  const std::vector<double> sizes{1e-4, 1, 1e5};
  const PredictionScales scales = scales_of(normal_rows(sizes));
  ASSERT_EQ(scales.of_output.size(), sizes.size());
  for (std::size_t q = 0; q < sizes.size(); ++q) {
    const double scaled = sizes[q] * scales.of_output[q];
    EXPECT_GT(scaled, 0.7);
    EXPECT_LT(scaled, 3);
    EXPECT_EQ(std::ldexp(1.0, std::ilogb(scales.of_output[q])), scales.of_output[q]) << "a power of two";
  }
  EXPECT_EQ(scales.outlying, 0U);
  EXPECT_NE(describe(scales).find("unlike scale"), std::string::npos);
}

TEST(PredictionScales, WhatFloat32RoundsCoarselyCountsLess) {
  auto rows = normal_rows({1, 1});
  for (std::size_t i = 0; i < rows->shape.rows; ++i) rows->predictions[2 * i] += 1e6F;
  const PredictionScales scales = scales_of(rows);
  ASSERT_TRUE(scales.any());
  EXPECT_LT(scales.of_output[0], 1e-3F * scales.of_output[1]);
}

TEST(PredictionScales, OutlyingRowsCountLess) {
  auto rows = normal_rows({1});
  rows->predictions[17] = 5000;
  rows->predictions[200] = -3e5;
  const PredictionScales scales = scales_of(rows);
  EXPECT_EQ(scales.outlying, 2U);
  EXPECT_NE(describe(scales).find("2 rows with outlying predictions"), std::string::npos);
  // A heavy tail is how they are spread.
  for (std::size_t i = 0; i < 100; ++i) rows->predictions[i] = 5000;
  EXPECT_FALSE(scales_of(rows).any());
}

TEST(PredictionScales, SumsOfHugeAndTinyPredictionsFit) {
  for (const double size : {1e15, 1e-15}) {
    MemoryRows source(normal_rows({size}));
    const RowTiles tiles(mpi::Comm::world(), source, true);
    EXPECT_NEAR(tiles.unit() * size, 1, 1) << size;
    EXPECT_NEAR(tiles.prediction_variance() / (size * size), 1, 0.2) << size;
  }
  MemoryRows source(normal_rows({1}));
  EXPECT_EQ(RowTiles(mpi::Comm::world(), source, true).unit(), 1);
}

/// Small blocks, outputs of unlike scale, and an outlying row.
PlantedProblem unlike_problem() {
  PlantedOptions options;
  options.blocks = 6;
  options.width = 6;
  options.hidden = {9};
  options.outputs = 3;
  options.rows = 200;
  options.activation = Activation::gelu;
  options.pair_signal = 0.5;
  PlantedProblem problem = with_residuals(make_planted(options), 0.1F);
  Piece& head = problem.network.pieces[static_cast<std::size_t>(problem.truth.head)];
  const float scale[] = {1e-5F, 1, 1e4F};
  auto rows = std::make_shared<Rows>(*problem.rows);
  for (std::size_t q = 0; q < 3; ++q) {
    for (std::size_t f = 0; f < head.in; ++f) head.weight[q * head.in + f] *= scale[q];
    head.bias[q] *= scale[q];
    for (std::size_t row = 0; row < options.rows; ++row) rows->predictions[3 * row + q] *= scale[q];
  }
  for (std::size_t q = 0; q < 3; ++q) rows->predictions[3 * 60 + q] *= 1000;
  problem.rows = rows;
  return problem;
}

TEST(PredictionScales, TheModelSeesThemAsErrorsDo) {
  const PlantedProblem problem = unlike_problem();
  const mpi::Comm world = mpi::Comm::world();
  const SharedWeights weights(world, problem.network, roles_of(problem));
  for (const Grid grid : kintsugi::testing::all_grids(world.size())) {
    MemoryRows rows(problem.rows);
    Evaluator evaluator(world, weights, rows, grid, true);
    ASSERT_TRUE(evaluator.rows().scales().any());
    const std::size_t tiles = evaluator.rows().tiles();
    const Blocks order = shuffled_blocks(problem, 3);
    LinearModel model(evaluator);
    ASSERT_TRUE(model.linearise(order, tiles, 1));
    const double error = evaluator.error(order, tiles);
    EXPECT_NEAR(model.base_error(), error, 1e-6 * error);
    const std::vector<SwapChange> changes = swap_changes(model);
    const std::vector<double> trades = trade_changes(model);
    for (std::size_t at = 0; at + 1 < order.size(); ++at) {
      Blocks swapped = order;
      std::swap(swapped[at], swapped[at + 1]);
      const double change = evaluator.error(swapped, tiles) - error;
      EXPECT_NEAR(changes[at].change, change, 0.02 * std::fabs(change) + 1e-5 * error) << at;
      EXPECT_NEAR(trades[at * order.size() + at + 1], changes[at].change, 1e-9 * error);
    }
    Blocks traded = order;
    std::swap(traded[1], traded[4]);
    const double change = evaluator.error(traded, tiles) - error;
    EXPECT_NEAR(trades[1 * order.size() + 4], change, 0.1 * std::fabs(change) + 1e-4 * error);
  }
}

TEST(PredictionScales, ChecksAndTargetsAreToldInPlainUnits) {
  const PlantedProblem problem = unlike_problem();
  const mpi::Comm world = mpi::Comm::world();
  const SharedWeights weights(world, problem.network, roles_of(problem));
  MemoryRows rows(problem.rows);
  Evaluator scaled(world, weights, rows, {1, world.size()}, true);
  Evaluator plain(world, weights, rows, {1, world.size()});
  const Blocks order = shuffled_blocks(problem, 3);
  const Evaluator::Check check = scaled.check(order);
  EXPECT_EQ(check.mse, plain.check(order).mse);
  EXPECT_EQ(check.largest_error, plain.check(order).largest_error);
  EXPECT_EQ(check.scaled, scaled.error(order, scaled.rows().tiles()));
  EXPECT_NE(check.scaled, check.mse);
  EXPECT_EQ(plain.check(order).scaled, check.mse);
  const ErrorFloor floor(scaled, 0);
  EXPECT_EQ(floor.target(200), ErrorFloor(plain, 0).target(200));
  EXPECT_LT(floor.scaled_target(200), 1e-6 * floor.target(200)) << "10^8 to 1";
  const ErrorFloor ordinary(plain, 0);
  EXPECT_EQ(ordinary.scaled_target(200), ordinary.target(200));
}

}  // namespace
}  // namespace kintsugi
