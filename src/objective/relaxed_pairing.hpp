#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "core/state_archive.hpp"
#include "objective/evaluator.hpp"
#include "objective/passes.hpp"

namespace kintsugi {

/// The pairing of an order's blocks as real numbers: a block's compress piece is a mixture of all that fit, of which
/// piece c has the share X(e, c) in the block of expand piece e. Rows and columns of X sum to one; a permutation matrix
/// is a pairing.
///
/// The predictions are smooth in X, and nearly linear where the blocks' residuals are small against the state. So all
/// pairs can be found at once, by least squares from the middle, where every piece has the same share in every block.
/// One exchange after the other does not get there: while the other pairs are wrong, a right one hardly helps. Nor do
/// least squares from some pairing, as its own states mislead them. Shares come out as pairs by the assignment that has
/// the largest sum of them. (Relaxed matching with rounding at the end: Gold and Rangarajan, IEEE Trans. PAMI 18,
/// 1996.)
///
/// Members are collective over the evaluator's island unless said otherwise, and all its ranks hold equal shares.
class RelaxedPairing {
 public:
  explicit RelaxedPairing(Evaluator& evaluator) : evaluator_(&evaluator), passes_(evaluator) {}

  /// Begins at the order of `blocks`, with all shares equal. Only blocks whose expand pieces are in `loose` are to find
  /// partners, among those with the same hidden size; the others keep theirs. Not collective.
  void start(const Blocks& blocks, const std::set<int>& loose);

  /// One step of Levenberg and Marquardt on the first `tiles` tiles, or on as many as kMemory allows for on the island:
  /// slopes from one forward and one adjoint pass, the damped equations by conjugate gradients (CGLS: Hestenes and
  /// Stiefel, J. Res. NBS 49, 1952) within the shares that keep the sums, damping by how well the error was predicted.
  /// False, with the shares left as they are, if no damping lowers the error.
  [[nodiscard]] bool step(std::size_t tiles);

  /// MSE of the mixtures at the last step.
  [[nodiscard]] double error() const noexcept { return error_; }
  /// X of the loose blocks, group by group of one hidden size: [expand][compress], pieces ascending; the same layout
  /// for every order.
  [[nodiscard]] std::span<const double> shares() const noexcept { return shares_; }
  /// The pairs that have the largest `shares` in all, in the order of `blocks`, which has the same loose blocks. Not
  /// collective.
  [[nodiscard]] Blocks rounded(Blocks blocks, std::span<const double> shares) const;

  /// Two blocks of an order that trade their compress pieces.
  struct Exchange {
    std::size_t a = 0;  ///< positions, a < b
    std::size_t b = 0;
    double change = 0;  ///< of the MSE, predicted; negative is better, not finite where the network overflows
  };
  /// All exchanges between loose blocks of one hidden size at a pairing, on the first `tiles` tiles or as many as
  /// kMemory allows for: the blocks' new residuals exactly, what comes behind them to first order. Leaves the
  /// relaxation's order and shares undefined.
  [[nodiscard]] std::vector<Exchange> exchanges(const Blocks& blocks, const std::set<int>& loose, std::size_t tiles);

  static constexpr std::size_t kMemory = std::size_t{1} << 30;  // bytes

  /// Writes or reads the shares. Not collective.
  void state(StateArchive& archive, const std::set<int>& loose);

 private:
  /// Loose blocks of one hidden size.
  struct Group {
    std::vector<int> expand;
    std::vector<int> compress;
    std::vector<std::size_t> positions;  // of the expand pieces in blocks_
    std::size_t shares = 0;              // offset of [expand][compress] in shares_
  };
  /// The compress piece of a block that is a mixture.
  struct Mixture {
    kernels::TileBuffer w_out, w_out_t, b_out;
  };
  /// What one tile and channel say of the shares: [shares][kTileRows], and the errors.
  struct Equations {
    kernels::TileBuffer slopes;
    kernels::TileBuffer errors;
  };

  void find_groups(const Blocks& blocks, const std::set<int>& loose);
  [[nodiscard]] std::vector<Layer> mix(std::span<const double> shares);
  void project(std::vector<double>& step) const;
  [[nodiscard]] std::size_t affordable_tiles() const;
  double linearise(std::span<const Layer> layers, std::size_t tiles);
  void add_slopes(std::span<const Layer> layers, std::size_t first_equation);
  [[nodiscard]] std::vector<double> sum_over_rows(std::span<const double> along);
  [[nodiscard]] std::vector<double> solve(std::vector<double> slope, double damping);
  [[nodiscard]] bool descend(double diagonal, std::size_t used);
  [[nodiscard]] double mixture_error(std::span<const double> shares, std::size_t tiles);

  Evaluator* evaluator_;
  Passes passes_;
  Blocks blocks_;
  std::vector<Group> groups_;
  std::vector<double> shares_;
  double error_ = 0;
  double damping_ = 0;

  std::vector<Mixture> mixtures_;  // by position; empty where the pair is given
  std::vector<Equations> equations_;
  kernels::TileBuffer gradients_;  // of all channels
  kernels::TileBuffer response_, hidden_;
};

}  // namespace kintsugi
