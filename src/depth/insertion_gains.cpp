#include "depth/insertion_gains.hpp"

#include <array>
#include <cmath>

#include "core/order.hpp"

namespace kintsugi {

using Eigen::Index;

namespace {

// Below it, a gain may be rounding.
constexpr double kLeastGain = 1e-9;

constexpr int kColumns = 4;

}  // namespace

InsertionGains::InsertionGains(const Eigen::MatrixXd& similarity, const std::vector<int>& order, double decay)
    : similarity_(similarity),
      order_(order),
      decay_(decay),
      powers_(similarity.rows() + 1),
      across_(Eigen::MatrixXd::Zero(similarity.rows() + 1, similarity.rows() + 1)),
      own_(similarity.rows()) {
  for (Index d = 0; d < powers_.size(); ++d) powers_[d] = std::pow(decay, static_cast<double>(d));
  sum_across();
}

// Column by column from the last one: each adds the terms of one more block with all those before it. The sum down a
// column waits for each addition, so that several columns are summed at a time.
void InsertionGains::sum_across() {
  Index j = own_.size() - 1;
  for (; j >= kColumns; j -= kColumns) sum_columns<kColumns>(j);
  for (; j > 0; --j) sum_columns<1>(j);
}

template <int columns>
void InsertionGains::sum_columns(Index last) {
  std::array<const double*, columns> similar{};
  std::array<double, columns> sums{};
  for (int c = 0; c < columns; ++c) similar[c] = similarity_.col(order_[static_cast<std::size_t>(last - c)]).data();
  const auto add = [&](int c, Index i) {
    const Index j = last - c;
    sums[c] += similar[c][order_[static_cast<std::size_t>(i)]] * powers_[j - i];
    across_(i + 1, j) = across_(i + 1, j + 1) + sums[c];
  };
  const Index common = last - columns + 1;  // blocks before all of these columns
  for (Index i = 0; i < common; ++i) {
    for (int c = 0; c < columns; ++c) add(c, i);
  }
  for (int c = 0; c < columns; ++c) {
    for (Index i = common; i < last - c; ++i) add(c, i);
  }
}

// Two passes along the line without the block: from the front its terms with all before it, from the back the others.
void InsertionGains::own_terms(Index from) {
  const Index blocks = own_.size();
  const auto similar = similarity_.col(order_[static_cast<std::size_t>(from)]);
  const auto other = [&](Index q) { return similar[order_[static_cast<std::size_t>(q < from ? q : q + 1)]]; };
  double terms = 0;
  for (Index to = 0; to < blocks; ++to) {
    own_[to] = terms;
    if (to + 1 < blocks) terms = (terms + other(to)) * decay_;
  }
  terms = 0;
  for (Index to = blocks - 1; to > 0; --to) {
    terms = (terms + other(to - 1)) * decay_;
    own_[to - 1] += terms;
  }
}

double InsertionGains::gain(Index from, Index to) const {
  double parted = 0;  // terms of pairs that the block comes between
  double joined = 0;  // and of those that it leaves
  if (to < from) {
    parted = across_(to, to) - across_(to, from);
    joined = across_(from, from + 1) - across_(to, from + 1);
  } else {
    parted = across_(to + 1, to + 1) - across_(from + 1, to + 1);
    joined = across_(from, from + 1) - across_(from, to + 1);
  }
  return own_[to] - own_[from] + parted * (decay_ - 1) + joined * (1 / decay_ - 1);
}

bool InsertionGains::improve(Index from) {
  own_terms(from);
  double best = kLeastGain;
  Index to = from;
  const auto consider = [&](Index at) {
    const double gained = gain(from, at);
    if (gained > best) {
      best = gained;
      to = at;
    }
  };
  for (Index at = from + 1; at < own_.size(); ++at) consider(at);
  for (Index at = from - 1; at >= 0; --at) consider(at);
  if (to == from) return false;
  insert_in(order_, static_cast<int>(from), static_cast<int>(to));
  sum_across();
  return true;
}

}  // namespace kintsugi
