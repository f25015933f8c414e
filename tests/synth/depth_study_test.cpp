#include "synth/depth_study.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "synth/planted.hpp"

namespace kintsugi {
namespace {

double correlation(const std::vector<double>& values) { return rank_correlation_with_place(values); }

TEST(RankCorrelation, ByHand) {
  EXPECT_DOUBLE_EQ(correlation({1, 2, 5, 9}), 1);
  EXPECT_DOUBLE_EQ(correlation({9, 5, 2, 1}), -1);
  // Ranks 2 1 4 3: 1 - 6 * 4 / (4 * 15).
  EXPECT_DOUBLE_EQ(correlation({0.2, 0.1, 0.4, 0.3}), 0.6);
  // Ranks 0.5 0.5 2 about their middle are -0.5 -0.5 1, places -1 0 1: 1.5 / sqrt(1.5 * 2).
  EXPECT_DOUBLE_EQ(correlation({3, 3, 7}), 1.5 / std::sqrt(3.0));
  EXPECT_EQ(correlation({4, 4, 4}), 0);
  EXPECT_EQ(correlation({4}), 0);
}

DepthCorrelations study(const PlantedOptions& options) {
  const PlantedRecipe recipe(options);
  std::vector<float> inputs(100 * options.width);
  recipe.inputs(0, 100, inputs);
  DepthStudy result(inputs, options.width, options.activation);
  for (std::size_t t = 0; t < options.blocks; ++t) result.add(recipe.block(t));
  return result.correlations();
}

TEST(DepthStudy, SeesTheTrendThatWasPlanted) {
  PlantedOptions options;
  options.blocks = 40;
  options.width = 16;
  options.hidden = {32, 20};
  options.pair_signal = 1;
  options.depth = DepthTrend::shrinking;
  options.depth_jitter = 0.02;
  const DepthCorrelations shrinking = study(options);
  EXPECT_LT(shrinking.wout_frobenius, -0.95);
  EXPECT_LT(shrinking.delta_norm, -0.9);
  // The mean absolute value also depends on the hidden size, which alternates.
  EXPECT_LT(shrinking.wout_l1, -0.5);
  EXPECT_NE(shrinking.wout_l1, shrinking.wout_frobenius);
  options.depth = DepthTrend::growing;
  EXPECT_GT(study(options).wout_frobenius, 0.95);
}

TEST(DepthStudy, MeasuresOneBlockByHand) {
  // x -> x + W_out relu(W_in x): with these, (3, -1) moves by (6, 0), and (-1, 5) not at all.
  ResidualBlock block;
  block.expand = {0, 1, 2, {2.0F, 0.0F}, {}, ""};
  block.compress = {0, 2, 1, {1.0F, 0.0F}, {}, ""};
  ResidualBlock larger = block;
  larger.compress.weight = {0.9F, 0.9F};  // larger norm, larger residual
  const std::vector<float> inputs{3, -1, -1, 5};
  DepthStudy result(inputs, 2, Activation::relu);
  result.add(larger);
  result.add(block);
  EXPECT_DOUBLE_EQ(result.correlations().wout_frobenius, -1);
  EXPECT_DOUBLE_EQ(result.correlations().wout_l1, -1);
  EXPECT_DOUBLE_EQ(result.correlations().delta_norm, -1);
}

}  // namespace
}  // namespace kintsugi
