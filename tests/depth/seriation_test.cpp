#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "depth/symmetric_eigenvectors.hpp"
#include "depth/weights_line.hpp"
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
  const SeriationTrust trust = split_half_trust(features, {}, {});
  EXPECT_GT(trust.agreement, 0.95);
  EXPECT_GT(trust.significance, 5);
  EXPECT_LT(trust.places, 2);
  // Two halves that each have a line of their own.
  features[1] = walking_feature(shuffled_depths(40, 4), 2);
  features[1].side = Side::writer;
  const SeriationTrust unrelated = split_half_trust(features, {}, {});
  EXPECT_LT(unrelated.significance, 3);
  EXPECT_GT(unrelated.places, 4);
  features.resize(1);
  const SeriationTrust half = split_half_trust(features, {}, {});
  EXPECT_EQ(half.agreement, 0);
  EXPECT_NEAR(half.places, std::sqrt((40.0 * 40 - 1) / 12), 1e-9);
}

TEST(SplitHalfTrust, TellsWhichBlocksAreLessSure) {
  // The halves agree on the first thirty depths; behind them, the writers have an order of their own.
  constexpr std::size_t kSure = 30;
  std::vector<int> depths(40);
  std::iota(depths.begin(), depths.end(), 0);
  std::vector<int> others = depths;
  Random random(9);
  random.shuffle(std::span(others).subspan(kSure));
  std::vector<FeatureSimilarity> features{walking_feature(depths, 1), walking_feature(others, 2)};
  features[0].side = Side::reader;
  features[1].side = Side::writer;
  const SeriationTrust trust = split_half_trust(features, depths, {});
  ASSERT_EQ(trust.block_places.size(), 40U);
  const auto mean = [&](std::size_t first, std::size_t last) {
    double sum = 0;
    for (std::size_t b = first; b < last; ++b) sum += trust.block_places[b];
    return sum / static_cast<double>(last - first);
  };
  EXPECT_GT(mean(kSure, 40), 2 * mean(0, kSure));
  // From the other end of the line they are the same.
  std::vector<int> backwards = depths;
  std::ranges::reverse(backwards);
  EXPECT_EQ(split_half_trust(features, backwards, {}).block_places, trust.block_places);
}

// Blocks whose weights walk at random along depth, with a head; block t is at depth t.
Network walking_network(std::size_t blocks, std::uint64_t seed) {
  constexpr std::size_t kWidth = 8;
  constexpr std::size_t kHidden = 12;
  Random random(seed);
  Network network;
  std::vector<float> in(kHidden * kWidth);
  std::vector<float> out(kWidth * kHidden);
  const auto walk = [&](std::vector<float>& weights, double step) {
    for (float& weight : weights) weight += static_cast<float>(step * random.normal());
  };
  walk(in, 1);
  walk(out, 1);
  for (std::size_t t = 0; t < blocks; ++t) {
    walk(in, 0.2);
    walk(out, 0.2);
    const auto index = static_cast<int>(2 * t);
    network.pieces.push_back({index, kHidden, kWidth, in, {}, ""});
    network.pieces.push_back({index + 1, kWidth, kHidden, out, {}, ""});
  }
  network.pieces.push_back({static_cast<int>(2 * blocks), 1, kWidth, std::vector<float>(kWidth, 1), {}, ""});
  return network;
}

Blocks shuffled_pairing(std::size_t blocks) {
  Blocks pairing;
  for (const int t : shuffled_depths(blocks, 6)) pairing.push_back({2 * t, 2 * t + 1});
  return pairing;
}

TEST(StudyLine, PutsBlocksInLineAndSaysHowFarTheyMayBeOff) {
  constexpr std::size_t kBlocks = 30;
  const Network network = walking_network(kBlocks, 7);
  const LineStudy study = study_line(network, shuffled_pairing(kBlocks), 2 * kBlocks);
  const WeightsLine& line = study.line;
  EXPECT_TRUE(line.trusted());
  ASSERT_EQ(line.blocks.size(), kBlocks);
  ASSERT_EQ(line.off.size(), kBlocks);
  std::vector<int> order;
  for (const Block& block : line.blocks) order.push_back(block.expand / 2);
  EXPECT_LE(inversions(order,
                       [] {
                         std::vector<int> depths(kBlocks);
                         std::iota(depths.begin(), depths.end(), 0);
                         return depths;
                       }()),
            20U)
      << "of 435";
  EXPECT_LT(line.places, 3);
  for (const double off : line.off) {
    EXPECT_GT(off, 0);
    EXPECT_LT(off, 8);
  }
  // Without biases four features say nothing; sides are those of the pieces that a feature is made of.
  EXPECT_EQ(line.features.size(), study.features.size());
  for (const FeatureSmoothness& each : line.features) {
    EXPECT_TRUE(each.side == "reader" || each.side == "writer" || each.side == "both") << each.side;
    EXPECT_LE(each.smoothness, 1);
  }
}

TEST(StudyLine, MayBeAnywhereWhereTheWeightsDoNotSay) {
  // Every block walks on its own.
  Network network;
  for (int t = 0; t < 20; ++t) {
    const Network one = walking_network(1, static_cast<std::uint64_t>(100 + t));
    for (int i = 0; i < 2; ++i) {
      network.pieces.push_back(one.pieces[static_cast<std::size_t>(i)]);
      network.pieces.back().index = 2 * t + i;
    }
  }
  network.pieces.push_back(walking_network(0, 1).pieces.front());
  network.pieces.back().index = 40;
  const WeightsLine line = study_line(network, shuffled_pairing(20), 40).line;
  EXPECT_FALSE(line.trusted());
  for (const double off : line.off) EXPECT_NEAR(off, std::sqrt((20.0 * 20 - 1) / 12), 1e-9);
  // Of two blocks, or one, there is nothing to say either.
  EXPECT_EQ(study_line(network, {{0, 1}, {2, 3}}, 40).line.off, (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(study_line(network, {{0, 1}}, 40).line.off, std::vector<double>{0});
}

TEST(StudyLine, CopiesMayBeAnywhere) {
  Network network = walking_network(30, 7);
  for (const std::size_t piece : {0U, 1U}) network.pieces[40 + piece].weight = network.pieces[piece].weight;
  const WeightsLine line = study_line(network, shuffled_pairing(30), 60).line;
  ASSERT_TRUE(line.trusted());
  for (std::size_t p = 0; p < 30; ++p) {
    const bool copied = line.blocks[p].expand == 0 || line.blocks[p].expand == 40;
    EXPECT_EQ(line.off[p] > 8, copied) << p;
  }
}

TEST(StudyLine, SimilaritiesAlongItAreThoseOfNeighbours) {
  const LineStudy study = study_line(walking_network(20, 9), shuffled_pairing(20), 40);
  const Eigen::MatrixXd similarity = similarity_along(study);
  ASSERT_EQ(similarity.rows(), 20);
  EXPECT_EQ(similarity.diagonal().cwiseAbs().sum(), 0);
  EXPECT_LT((similarity - similarity.transpose()).norm(), 1e-6);
  double near = 0;
  const std::vector<int>& order = study.lines.front().order;
  for (std::size_t p = 0; p + 1 < order.size(); ++p) near += similarity(order[p], order[p + 1]) / 19;
  EXPECT_GT(near, 1) << "standard deviations above the mean pair";
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

Eigen::MatrixXd symmetric_noise(Eigen::Index size, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd matrix(size, size);
  for (double& entry : matrix.reshaped()) entry = random.normal();
  return matrix + matrix.transpose();
}

TEST(SymmetricEigenvectors, AreThoseOfEigenToTheLastBit) {
  for (const Eigen::Index size : {1, 2, 3, 10, 65, 200}) {
    const Eigen::MatrixXd matrix = symmetric_noise(size, static_cast<std::uint64_t>(size));
    EXPECT_EQ(symmetric_eigenvectors(matrix), Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix).eigenvectors());
  }
  // Equal blocks make equal eigenvalues.
  const Eigen::MatrixXd ones = Eigen::MatrixXd::Ones(9, 9);
  EXPECT_EQ(symmetric_eigenvectors(ones), Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(ones).eigenvectors());
}

class Stopper final : public StopListener {
 public:
  explicit Stopper(int at) : at_(at) {}

 private:
  [[nodiscard]] StopReason listen() override { return ++questions_ >= at_ ? StopReason::signal : StopReason::none; }
  int at_;
  int questions_ = 0;
};

TEST(SymmetricEigenvectors, AStopEndsThem) {
  const Eigen::MatrixXd matrix = symmetric_noise(400, 1);
  const Stopper stopper(3);
  EXPECT_THROW(static_cast<void>(symmetric_eigenvectors(matrix)), Stopped);
}

}  // namespace
}  // namespace kintsugi
