#include "analysis/missing_block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;

NetworkF64 in_float64(const Network& network) {
  NetworkF64 result;
  result.activation = network.activation;
  for (const Piece& piece : network.pieces) {
    result.pieces.push_back({piece.index,
                             piece.out,
                             piece.in,
                             {piece.weight.begin(), piece.weight.end()},
                             {piece.bias.begin(), piece.bias.end()},
                             piece.source});
  }
  return result;
}

std::vector<double> shares_without(const PlantedProblem& problem, std::size_t missing) {
  Assembly rest = problem.truth;
  if (missing < rest.blocks.size()) rest.blocks.erase(rest.blocks.begin() + static_cast<std::ptrdiff_t>(missing));
  const Rows& rows = *problem.rows;
  const std::vector<double> inputs(rows.inputs.begin(), rows.inputs.end());
  const std::vector<double> predictions(rows.predictions.begin(), rows.predictions.end());
  return explained_by_missing_block(in_float64(problem.network), rest, inputs, predictions, rows.shape.rows);
}

class MissingBlockTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(MissingBlockTest, ItsPlaceExplainsMost) {
  PlantedOptions options;
  options.blocks = 8;
  options.width = 10;
  options.hidden = {20};
  options.outputs = GetParam();
  options.rows = 300;
  std::size_t near = 0;
  for (std::size_t missing = 0; missing < options.blocks; ++missing) {
    options.seed = 10 + missing;
    const std::vector<double> shares = shares_without(make_planted(options), missing);
    ASSERT_EQ(shares.size(), options.blocks);
    const auto best = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
    EXPECT_GT(shares[best], 0.3);
    EXPECT_LE(shares[best], 1);
    if (best + 1 >= missing && best <= missing + 1) ++near;
  }
  EXPECT_GE(near, 6U) << "to a place, of 8 blocks";
}

INSTANTIATE_TEST_SUITE_P(Outputs, MissingBlockTest, ::testing::Values(1, 2));

TEST(MissingBlock, NoiseIsNotExplained) {
  PlantedOptions options;
  options.blocks = 6;
  options.width = 10;
  options.hidden = {20};
  options.rows = 300;
  options.noise = 0.1;
  for (const double share : shares_without(make_planted(options), options.blocks)) EXPECT_LT(share, 0.2);
}

}  // namespace
}  // namespace kintsugi
