#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "depth/block_features.hpp"
#include "kintsugi/core/parameters.hpp"

namespace kintsugi {

/// The name of the starts that seriate() gives, in both directions.
inline constexpr std::string_view kSeriationStart = "seriation";

/// Blocks put in a line so that alike ones stand near each other; which end is the first is open.
struct Seriation {
  std::vector<int> order;  ///< positions in the pairing
  /// How smoothly the features change along the line: the sum over the features of the squared correlation between
  /// similarity and nearness. Higher is better.
  double smoothness = 0;
  std::vector<double> weights;  ///< of each feature's similarities in what was maximised
};

/// Lines for the blocks, smoothest first, none twice; empty for fewer than three blocks or where no feature tells
/// blocks apart. No data and no predictions are used.
///
/// 1. Similarities of all features are scaled to unit spread and added up.
/// 2. A line is begun by an eigenvector of the Laplacian of their exponentials (spectral seriation: Atkins, Boman,
///    Hendrickson, SIAM J. Comput. 28, 1998), the first, second and third one in turn.
/// 3. Best insertions raise the sum over pairs of similarity times nearness, exp(-distance / (range L)) (2-SUM with
///    another kernel: Barnard, Pothen, Simon, Numer. Linear Algebra Appl. 2, 1995).
/// 4. Features are weighed by how smoothly they change along the line, and 3 is done again, until the line stays: short
///    training leaves its trace in some features only, and the plain sum loses it.
/// Not collective, deterministic: ties go to the lower index. O(L^2) operations for each block that is moved, O(L) for
/// each that stays.
[[nodiscard]] std::vector<Seriation> seriate(const std::vector<FeatureSimilarity>& features,
                                             const SeriationParameters& parameters);

/// `similarity`, divided by its standard deviation over the pairs of blocks.
[[nodiscard]] Eigen::MatrixXd to_unit_spread(const Eigen::MatrixXd& similarity);

/// How far seriation is to be trusted, from the line by the readers' features alone and the one by the writers' (split
/// halves: Spearman, Brit. J. Psychol. 3, 1910; Brown, ibid.). Without depth in the weights they have nothing in
/// common.
struct SeriationTrust {
  double agreement = 0;  ///< |rank correlation| of both
  /// In standard deviations of unrelated lines, 1 / sqrt(L - 1) (Kendall, Rank Correlation Methods, 1948).
  double significance = 0;
  double places = 0;  ///< what a block's position in the line by all features may be off, root mean square
  /// The same for each block, by its number, from where both halves put it and its neighbours in the line that was
  /// asked for, the mean over all blocks taken in as one more.
  std::vector<double> block_places;
};
/// All zero but `places` where one of the halves has no line; then that is the spread of all positions. Not collective,
/// deterministic; costs as much as two lines. `line` is the one by all features, or empty: no `block_places` then.
[[nodiscard]] SeriationTrust split_half_trust(const std::vector<FeatureSimilarity>& features,
                                              const std::vector<int>& line, const SeriationParameters& parameters);

}  // namespace kintsugi
