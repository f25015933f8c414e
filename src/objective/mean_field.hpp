#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kernels/aligned.hpp"
#include "objective/evaluator.hpp"
#include "objective/forward_backward.hpp"
#include "objective/row_equations.hpp"
#include "objective/share_groups.hpp"
#include "objective/share_mixtures.hpp"

namespace kintsugi {

/// The network as a mean field: every block is spread over the depth, and where pairs are open, its compress piece is
/// a mixture of all that fit. So order and pairs become real numbers, and the predictions a smooth function of them:
/// what depends on no order that would have to be guessed first.
///
/// The depth is cut into T nodes. At each of them all blocks act on one state together,
/// x(t + 1) = x(t) + sum_b w(b, t) f_b(x(t)), where w(b, .) is how block b is spread: positive, of sum one, a softmax
/// over t of sum_k c(b, k) phi_k(t) with the Legendre polynomials phi_k of degree k = 1 ... K, of mean square one on
/// the nodes. With c = 0 a block is everywhere alike; where it is sharp, it stands at one depth.
///
/// The unknowns are the shares of ShareGroups, and then c, [blocks][K] by the positions in the groups' blocks.
///
/// With L blocks, N rows, C channels, S shares and hidden size h, linearise() costs (2 + 2 C) T L block evaluations and
/// 2 T C S h operations for each row, and takes 4 N C (S + L K) bytes on all ranks together; a tile's states take
/// T L (2 d + 2 h) numbers for each row.
class MeanField {
 public:
  /// `evaluator` must outlive it. Not collective.
  MeanField(Evaluator& evaluator, std::size_t nodes, std::size_t degrees);

  /// Not collective.
  void start(ShareGroups groups) { groups_ = std::move(groups); }
  /// From now on so many nodes and polynomials. Not collective.
  void set_resolution(std::size_t nodes, std::size_t degrees);
  [[nodiscard]] std::size_t degrees() const noexcept { return degrees_; }
  [[nodiscard]] const ShareGroups& groups() const noexcept { return groups_; }
  [[nodiscard]] std::size_t unknowns() const noexcept { return groups_.size() + groups_.blocks().size() * degrees_; }
  /// Tiles whose slopes take at most `most_bytes` on the island; one at least. Not collective.
  [[nodiscard]] std::size_t affordable_tiles(std::size_t most_bytes) const;

  /// What linearise() costs for each tile, in blocks' evaluations. Not collective.
  [[nodiscard]] std::size_t evaluations() const noexcept;
  /// Takes the slopes at `point` on the first `tiles` tiles. Returns the MSE there, not finite where
  /// the network overflows. Collective.
  [[nodiscard]] double linearise(std::span<const double> point, std::size_t tiles);
  /// At that point: see RowEquations. Collective.
  [[nodiscard]] const RowEquations& equations() const noexcept { return equations_; }
  /// Gives the slopes' memory back. Not collective.
  void clear() { equations_.clear(); }

  /// MSE on the tiles [first, last). Collective.
  [[nodiscard]] double error(std::span<const double> point, std::size_t first, std::size_t last);

  /// Mean depth of each block, by position in the groups' blocks: from -1 to 1. Not collective.
  [[nodiscard]] std::vector<double> depths(std::span<const double> point) const;

 private:
  /// What a pass through one tile leaves behind.
  struct Pass {
    kernels::TileBuffer states;     // [T + 1][d][kTileRows]
    kernels::TileBuffer residuals;  // [T][blocks][d][kTileRows]
    kernels::TileBuffer hidden;     // [T][blocks, each of its inner size][kTileRows]
    kernels::TileBuffer slopes;     // [T][blocks, each of its slope size]
  };

  /// w: [blocks][T].
  [[nodiscard]] std::vector<double> spread(std::span<const double> point) const;
  double forward(const RowTile& rows, std::span<const Layer> layers, std::span<const double> spread, bool keep,
                 float* errors);
  void backward(const RowTile& rows, std::span<const Layer> layers, std::span<const double> spread,
                std::span<RowEquations::Tile> equations);
  void add_share_slopes(std::size_t node, std::span<const Layer> layers, std::span<const double> spread,
                        const float* gradient, float* slopes);
  void add_spread_slopes(std::size_t node, std::span<const double> spread, const float* gradient, float* slopes);

  Evaluator* evaluator_;
  std::size_t nodes_ = 0;
  std::size_t degrees_ = 0;
  std::vector<double> polynomials_;  // [K][T]
  ShareGroups groups_;
  ShareMixtures mixtures_;
  ForwardBackward passes_;
  RowEquations equations_;
  Pass pass_;
  std::vector<std::size_t> hidden_at_, slope_at_;  // of each block in a node's part
  kernels::TileBuffer residual_, gradient_, pulled_, moved_, scratch_, written_, products_;
};

}  // namespace kintsugi
