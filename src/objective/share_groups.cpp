#include "objective/share_groups.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <map>
#include <utility>

#include "core/assignment.hpp"

namespace kintsugi {

ShareGroups::ShareGroups(const SharedWeights& weights, const Blocks& blocks, const std::set<int>& untrusted)
    : blocks_(blocks) {
  std::map<std::size_t, Group> by_hidden;
  for (const Block& block : blocks) {
    if (!untrusted.contains(block.expand)) continue;
    Group& group = by_hidden[weights.hidden(block.expand)];
    group.expand.push_back(block.expand);
    group.compress.push_back(block.compress);
  }
  for (auto& [hidden, group] : by_hidden) {
    std::ranges::sort(group.expand);
    std::ranges::sort(group.compress);
    for (const int expand : group.expand) {
      group.positions.push_back(static_cast<std::size_t>(position_of(expand, blocks)));
    }
    group.shares = size_;
    size_ += group.expand.size() * group.compress.size();
    groups_.push_back(std::move(group));
  }
}

ShareGroups::ShareGroups(const Blocks& units, const std::vector<std::vector<int>>& groups) : blocks_(units) {
  for (const std::vector<int>& pieces : groups) {
    Group group{.expand = pieces, .compress = pieces, .positions = {}, .shares = size_, .open = true};
    for (const int piece : pieces) {
      group.positions.push_back(static_cast<std::size_t>(position_of(piece, units)));
    }
    size_ += pieces.size() * pieces.size();
    groups_.push_back(std::move(group));
  }
}

std::vector<double> ShareGroups::equal_shares() const {
  std::vector<double> shares(size_, 0);
  for (const Group& group : groups_) {
    const std::size_t size = group.compress.size();
    if (group.open) {
      const double share = 1 / (2 * static_cast<double>(size - 1));
      for (std::size_t i = 0; i < size * size; ++i) shares[group.shares + i] = i % (size + 1) == 0 ? 0 : share;
      continue;
    }
    std::fill_n(shares.begin() + static_cast<std::ptrdiff_t>(group.shares), size * size, 1 / static_cast<double>(size));
  }
  return shares;
}

std::vector<double> ShareGroups::likely_shares(const PairShares& likely) const {
  if (likely.empty()) return equal_shares();
  const auto place = [](const std::vector<int>& pieces, int piece) {
    return static_cast<std::size_t>(std::ranges::lower_bound(pieces, piece) - pieces.begin());
  };
  std::vector<double> shares;
  shares.reserve(size_);
  for (const Group& group : groups_) {
    for (const int expand : group.expand) {
      const double* const row = likely.shares.data() + place(likely.expand, expand) * likely.compress.size();
      for (const int compress : group.compress) shares.push_back(row[place(likely.compress, compress)]);
    }
  }
  return shares;
}

namespace {

/// Leaves the sum of each row and its column as it is, and the diagonal: the nearest such step.
void project_open(Eigen::MatrixXd& shares) {
  const auto size = static_cast<double>(shares.rows());
  shares.diagonal().setZero();
  const Eigen::VectorXd sums = shares.rowwise().sum() + shares.colwise().sum().transpose();
  const double all = sums.sum() / (4 * (size - 1));
  // Of two pieces, both sums are the same.
  Eigen::VectorXd part = Eigen::VectorXd::Constant(shares.rows(), all / 2);
  if (shares.rows() > 2) part = (sums.array() / 2 - all) / (size - 2);
  shares.colwise() -= part;
  shares.rowwise() -= part.transpose();
  shares.diagonal().setZero();
}

}  // namespace

void ShareGroups::project(std::vector<double>& step) const {
  for (const Group& group : groups_) {
    const auto size = static_cast<Eigen::Index>(group.compress.size());
    Eigen::Map<Eigen::MatrixXd> part(step.data() + group.shares, size, size);
    // The order in which Eigen sums follows from where values lie: in a copy, always alike.
    Eigen::MatrixXd shares = part;
    if (group.open) {
      project_open(shares);
    } else {
      const Eigen::VectorXd rows = shares.rowwise().mean();
      const Eigen::RowVectorXd columns = shares.colwise().mean();
      const double all = shares.mean();
      shares.colwise() -= rows;
      shares.rowwise() -= columns;
      shares.array() += all;
    }
    part = shares;
  }
}

Blocks ShareGroups::rounded(Blocks blocks, std::span<const double> shares) const {
  for (const Group& group : groups_) {
    const std::size_t size = group.compress.size();
    const std::vector<int> chosen = assign(shares.subspan(group.shares, size * size), size, size);
    for (std::size_t i = 0; i < size; ++i) {
      blocks[static_cast<std::size_t>(position_of(group.expand[i], blocks))].compress =
          group.compress[static_cast<std::size_t>(chosen[i])];
    }
  }
  return blocks;
}

}  // namespace kintsugi
