#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/order.hpp"
#include "depth/block_features.hpp"
#include "depth/seriation.hpp"
#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// What the weights of a network's blocks say of their order.
struct LineStudy {
  std::vector<FeatureSimilarity> features;
  std::vector<Seriation> lines;  ///< see seriate(); may be empty
  SeriationTrust trust;
  /// The smoothest line; where there is none, the blocks as they come. Where it is not trusted, a block may be
  /// anywhere, and so may one that has a copy.
  WeightsLine line;
};

/// Similarities, lines and their trust for the blocks of `pairing`; `head` is a position in Network::pieces. Not
/// collective, deterministic.
[[nodiscard]] LineStudy study_line(const Network& network, const Blocks& pairing, int head,
                                   const SeriationParameters& parameters = {});

/// How alike each two blocks of the pairing are: the features' similarities, each to unit spread, weighed by how
/// smoothly they change along the smoothest line, and the sum to unit spread. [L x L] with a diagonal of zeros; zero
/// throughout where there is no line.
[[nodiscard]] Eigen::MatrixXd similarity_along(const LineStudy& study);

}  // namespace kintsugi
