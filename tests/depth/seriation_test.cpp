#include "depth/seriation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/random.hpp"
#include "support/planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::silent_options;

// A feature that walks at random along depth: neighbours are alike, and nothing is monotone. Block b is at depth
// depths[b].
FeatureSimilarity walking_feature(const std::vector<int>& depths, std::uint64_t seed) {
  constexpr Eigen::Index kSize = 40;
  const auto blocks = static_cast<Eigen::Index>(depths.size());
  Random random(seed);
  Eigen::MatrixXd by_depth(kSize, blocks);
  for (Eigen::Index t = 0; t < blocks; ++t) {
    for (Eigen::Index i = 0; i < kSize; ++i) by_depth(i, t) = random.normal() + (t > 0 ? by_depth(i, t - 1) : 0);
  }
  Eigen::MatrixXd values(kSize, blocks);
  for (Eigen::Index b = 0; b < blocks; ++b) values.col(b) = by_depth.col(depths[static_cast<std::size_t>(b)]);
  values.colwise() -= values.rowwise().mean().eval();
  values.colwise().normalize();
  FeatureSimilarity feature{"walk", Side::both, values.transpose() * values};
  feature.cosines.diagonal().setZero();
  return feature;
}

FeatureSimilarity noise_feature(std::size_t blocks, std::uint64_t seed) {
  std::vector<int> depths(blocks);
  std::iota(depths.begin(), depths.end(), 0);
  Random random(seed);
  random.shuffle(std::span(depths));
  return walking_feature(depths, seed + 1);
}

std::vector<int> shuffled_depths(std::size_t blocks, std::uint64_t seed) {
  std::vector<int> depths(blocks);
  std::iota(depths.begin(), depths.end(), 0);
  Random random(seed);
  random.shuffle(std::span(depths));
  return depths;
}

// Inversions of the depths along the line, in the better direction.
std::size_t inversions(const std::vector<int>& line, const std::vector<int>& depths) {
  std::size_t count = 0;
  for (std::size_t p = 0; p < line.size(); ++p) {
    for (std::size_t q = p + 1; q < line.size(); ++q) {
      count += depths[static_cast<std::size_t>(line[p])] > depths[static_cast<std::size_t>(line[q])] ? 1U : 0U;
    }
  }
  return std::min(count, line.size() * (line.size() - 1) / 2 - count);
}

TEST(Seriation, FindsTheLineThatFeaturesWalkAlong) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<int> depths = shuffled_depths(30, seed);
    const std::vector<FeatureSimilarity> features{walking_feature(depths, 10 + seed),
                                                  walking_feature(depths, 20 + seed)};
    const std::vector<Seriation> lines = seriate(features, {});
    ASSERT_FALSE(lines.empty());
    EXPECT_LE(inversions(lines.front().order, depths), 10U) << "of 435; seed " << seed;
  }
}

TEST(Seriation, WeighsWhatIsSmoothAndLeavesTheRest) {
  const std::vector<int> depths = shuffled_depths(24, 3);
  std::vector<FeatureSimilarity> features{walking_feature(depths, 5), walking_feature(depths, 6)};
  for (std::uint64_t seed = 1; seed <= 2; ++seed) features.push_back(noise_feature(24, 30 + seed));
  const Seriation line = seriate(features, {}).front();
  EXPECT_LE(inversions(line.order, depths), 20U) << "of 276";
  ASSERT_EQ(line.weights.size(), 4U);
  EXPECT_GT(std::min(line.weights[0], line.weights[1]), 2 * std::max(line.weights[2], line.weights[3]));
}

TEST(Seriation, DoesNotDependOnTheBlocksNumbers) {
  const std::vector<int> depths = shuffled_depths(20, 4);
  std::vector<int> in_depth_order(20);
  std::iota(in_depth_order.begin(), in_depth_order.end(), 0);
  const Seriation shuffled = seriate({walking_feature(depths, 8)}, {}).front();
  const Seriation sorted = seriate({walking_feature(in_depth_order, 8)}, {}).front();
  std::vector<int> same;
  for (const int b : shuffled.order) same.push_back(depths[static_cast<std::size_t>(b)]);
  if (same.front() > same.back()) std::ranges::reverse(same);
  EXPECT_EQ(same, sorted.order);
  EXPECT_NEAR(shuffled.smoothness, sorted.smoothness, 1e-9);
}

TEST(Seriation, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_TRUE(seriate({}, {}).empty());
  EXPECT_TRUE(seriate({{"two blocks", Side::both, Eigen::MatrixXd::Zero(2, 2)}}, {}).empty());
}

TEST(SplitHalfTrust, TellsDepthFromChance) {
  const std::vector<int> depths = shuffled_depths(40, 3);
  std::vector<FeatureSimilarity> features{walking_feature(depths, 1), walking_feature(depths, 2)};
  features[0].side = Side::reader;
  features[1].side = Side::writer;
  const SeriationTrust trust = split_half_trust(features, {});
  EXPECT_GT(trust.agreement, 0.95);
  EXPECT_GT(trust.significance, 5);
  EXPECT_LT(trust.places, 2);
  // Two halves that each have a line of their own.
  features[1] = walking_feature(shuffled_depths(40, 4), 2);
  features[1].side = Side::writer;
  const SeriationTrust unrelated = split_half_trust(features, {});
  EXPECT_LT(unrelated.significance, 3);
  EXPECT_GT(unrelated.places, 4);
  features.resize(1);
  const SeriationTrust half = split_half_trust(features, {});
  EXPECT_EQ(half.agreement, 0);
  EXPECT_NEAR(half.places, std::sqrt((40.0 * 40 - 1) / 12), 1e-9);
}

TEST(BlockSimilarities, AreCosinesThatTellEqualBlocks) {
  PlantedOptions options = silent_options(6, 8, 10);
  options.copies = 1;
  const PlantedProblem problem = make_planted(options);
  const std::vector<FeatureSimilarity> features =
      block_similarities(problem.network, problem.truth.blocks, problem.truth.head);
  std::set<std::string_view> names;
  for (const FeatureSimilarity& feature : features) {
    EXPECT_TRUE(names.insert(feature.name).second);
    ASSERT_EQ(feature.cosines.rows(), 6);
    EXPECT_TRUE(feature.cosines.isApprox(feature.cosines.transpose(), 1e-6)) << feature.name;
    EXPECT_EQ(feature.cosines.diagonal().cwiseAbs().maxCoeff(), 0) << feature.name;
    EXPECT_NEAR(feature.cosines.maxCoeff(), 1, 1e-5) << feature.name << ": the copy";
    EXPECT_GE(feature.cosines.minCoeff(), -1 - 1e-5);
  }
  EXPECT_EQ(names.size(), 10U);
}

TEST(BlockSimilarities, LeaveOutWhatAllBlocksShare) {
  PlantedOptions options = silent_options(5, 8, 10);
  options.biases = false;
  const PlantedProblem problem = make_planted(options);
  for (const FeatureSimilarity& feature :
       block_similarities(problem.network, problem.truth.blocks, problem.truth.head)) {
    EXPECT_NE(feature.name, "b_out");
    EXPECT_NE(feature.name, "W_in^T b_in");
  }
}

}  // namespace
}  // namespace kintsugi
