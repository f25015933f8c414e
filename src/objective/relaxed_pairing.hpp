#pragma once

#include <cmath>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "core/state_archive.hpp"
#include "kintsugi/core/parameters.hpp"
#include "objective/evaluator.hpp"
#include "objective/memory_budget.hpp"
#include "objective/share_groups.hpp"
#include "objective/share_mixtures.hpp"
#include "objective/share_slopes.hpp"

namespace kintsugi {

/// The pairing of an order's blocks as real numbers: a block's compress piece is a mixture of all that fit, of which
/// piece c has the share X(e, c) in the block of expand piece e. Rows and columns of X sum to one; a permutation matrix
/// is a pairing. (Relaxed matching with rounding at the end: Gold and Rangarajan, IEEE Trans. PAMI 18, 1996.)
///
/// The predictions are smooth in X, and nearly linear where the blocks' residuals are small against the state. So all
/// pairs can be found at once:
///
/// 1. start() gives every piece the same share in every block, or the share that the weights say. Least squares from
///    some pairing find less, as its own states mislead them; and so do exchanges one after the other: while the other
///    pairs are wrong, a right one hardly helps.
/// 2. step() lowers the error by least squares over all shares.
/// 3. rounded() takes the pairs with the largest sum of shares.
///
/// Members are collective over the evaluator's island unless said otherwise, and all its ranks hold equal shares.
class RelaxedPairing {
 public:
  /// `evaluator` must outlive it. Not collective.
  explicit RelaxedPairing(Evaluator& evaluator, const RelaxedPairingParameters& parameters = {},
                          const MemoryBudget& memory = {});

  /// Begins at the order of `blocks`, with the shares of `likely`, equal where it is empty. Only blocks whose expand
  /// pieces are in `untrusted`, which are those of `likely`, are to find partners, among those with the same hidden
  /// size; the others keep theirs. Not collective.
  void start(const Blocks& blocks, const std::set<int>& untrusted, const PairShares& likely = {});

  /// Begins with other groups, all shares equal: see ShareGroups. Not collective.
  void start(ShareGroups groups);

  /// One step of Levenberg and Marquardt on the first `tiles` tiles, or on as many as MemoryBudget::slopes allows for:
  /// the damped equations of ShareSlopes by conjugate gradients (CGLS: Hestenes and Stiefel, J. Res. NBS 49, 1952)
  /// within the shares that keep the sums, damping by how well the error was predicted. False, with the shares left as
  /// they are, if no damping lowers the error. One ShareSlopes::linearise(), 4 S operations for each row and channel in
  /// each product of conjugate gradients, and L block evaluations for each damping tried; L h d floats of mixtures.
  [[nodiscard]] bool step(std::size_t tiles);

  /// X of the untrusted blocks, in the layout of ShareGroups. Not collective.
  [[nodiscard]] std::span<const double> shares() const noexcept { return shares_; }
  /// Of the order that it was started with; empty before. Not collective.
  [[nodiscard]] const Blocks& blocks() const noexcept { return groups_.blocks(); }
  /// Whether a state that was written may hold this share.
  [[nodiscard]] static bool is_share(double value) noexcept { return std::abs(value) < kMostShare; }
  /// The pairs that have the largest `shares` in all, in the order of `blocks`, which has the same untrusted blocks.
  /// Not collective.
  [[nodiscard]] Blocks rounded(Blocks blocks, std::span<const double> shares) const;

  /// Writes or reads the shares. Not collective. Throws InputError where the state is of other untrusted blocks.
  void state(StateArchive& archive, const std::set<int>& untrusted);

 private:
  static constexpr double kMostShare = 1e100;  // sums of them are finite

  [[nodiscard]] std::vector<double> solve(std::vector<double> gradient, double damping) const;
  [[nodiscard]] bool descend(const ShareSlopes::Summary& from, std::size_t tiles);

  Evaluator* evaluator_;
  RelaxedPairingParameters parameters_;
  MemoryBudget memory_;
  ShareSlopes slopes_;
  ShareGroups groups_;
  std::vector<double> shares_;
  ShareMixtures mixtures_;
  double damping_ = 0;
};

}  // namespace kintsugi
