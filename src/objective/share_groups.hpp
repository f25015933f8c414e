#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "core/order.hpp"
#include "core/pair_shares.hpp"
#include "objective/weights.hpp"

namespace kintsugi {

/// The untrusted blocks of an order in groups of one hidden size, and the layout of their shares X: the block of expand
/// piece e has compress piece c of its group by the share X(e, c). Shares stand group by group, as [expand][compress]
/// with pieces ascending: alike for every order of the same blocks. Not collective.
class ShareGroups {
 public:
  struct Group {
    std::vector<int> expand;             ///< pieces, ascending
    std::vector<int> compress;           ///< as many, ascending
    std::vector<std::size_t> positions;  ///< of the expand pieces in the order
    std::size_t shares = 0;              ///< offset of [expand][compress] in the shares
    bool open = false;  ///< expand and compress pieces are the same ones: which of them expand is open, too
  };

  ShareGroups() = default;
  /// `untrusted`: expand pieces of the blocks whose compress pieces are in doubt.
  ShareGroups(const SharedWeights& weights, const Blocks& blocks, const std::set<int>& untrusted);

  /// Square pieces (h = d) whose roles are open, in groups of those that may make blocks with each other. Each of them
  /// is the expand piece of a unit of its own in `units`, with the share X(e, c) of piece c for its compress piece;
  /// what stands beside it there does not count. A piece expands as far as it has shares of others, and compresses as
  /// far as others have shares of it: together 1, and half of each at first.
  ShareGroups(const Blocks& units, const std::vector<std::vector<int>>& groups);

  [[nodiscard]] const Blocks& blocks() const noexcept { return blocks_; }
  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }
  /// Number of shares.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Every piece with the same share in every block of its group; of open groups, none in its own.
  [[nodiscard]] std::vector<double> equal_shares() const;
  /// How likely each pair is, where that is known of the same pieces; else equal shares. Not of open groups.
  [[nodiscard]] std::vector<double> likely_shares(const PairShares& likely) const;
  /// Takes from a step of the shares what would change the sums of X's rows and columns; of open groups, the sum of a
  /// piece's row and its column, and the diagonal.
  void project(std::vector<double>& step) const;
  /// The pairs that have the largest shares in all, in the order of `blocks`, which has the same untrusted blocks. Not
  /// of open groups.
  [[nodiscard]] Blocks rounded(Blocks blocks, std::span<const double> shares) const;

 private:
  Blocks blocks_;
  std::vector<Group> groups_;
  std::size_t size_ = 0;
};

}  // namespace kintsugi
