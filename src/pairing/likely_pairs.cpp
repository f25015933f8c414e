#include "pairing/likely_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/assignment.hpp"
#include "core/random.hpp"
#include "core/stop.hpp"
#include "pairing/scores.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using pairing::Table;

// Weighted sums of dominance and balance are tried for so many angles from 0 to 180 degrees: trained units are large on
// both sides, so that balance never counts backwards.
constexpr int kAngles = 13;
constexpr std::uint64_t kSeed = 1;
// Halvings of the range of shifts, on so many of the tables: to some hundredths.
constexpr int kHalvings = 10;
constexpr std::size_t kShiftedTables = 4;
// Above this shift nearly every pair would be trusted.
constexpr double kMostShift = 6;
constexpr int kMostScalings = 1000;
constexpr double kScaled = 1e-12;

// Mean score of the best assignment of a square table.
double best_mean(const Table& table) {
  throw_if_stopped();
  const auto size = static_cast<std::size_t>(table.rows());
  const std::vector<int> chosen = assign({table.data(), size * size}, size, size);
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += table(static_cast<Index>(i), chosen[i]);
  return sum / static_cast<double>(size);
}

// What best assignments of unrelated pieces score.
class UnrelatedTables {
 public:
  UnrelatedTables(Index size, std::int64_t count) {
    for (std::int64_t n = 0; n < count; ++n) {
      Random random(kSeed, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(n));
      Table table(size, size);
      for (double& entry : table.reshaped()) entry = random.normal();
      tables_.push_back(std::move(table));
    }
    std::vector<double> means;
    for (const Table& table : tables_) means.push_back(best_mean(table));
    for (const double mean : means) mean_ += mean / static_cast<double>(count);
    for (const double mean : means) deviation_ += (mean - mean_) * (mean - mean_) / static_cast<double>(count - 1);
    deviation_ = std::sqrt(deviation_);
  }

  // How far a mean score stands above theirs, in deviations.
  [[nodiscard]] double significance(double mean) const { return (mean - mean_) / deviation_; }

  // By how much true pairs have to be shifted for this mean score.
  [[nodiscard]] double shift(double mean) const {
    double low = 0;
    double high = kMostShift;
    for (int halving = 0; halving < kHalvings; ++halving) {
      const double middle = (low + high) / 2;
      (shifted_mean(middle) < mean ? low : high) = middle;
    }
    return (low + high) / 2;
  }

 private:
  [[nodiscard]] double shifted_mean(double shift) const {
    const std::size_t count = std::min(kShiftedTables, tables_.size());
    double sum = 0;
    for (std::size_t n = 0; n < count; ++n) {
      Table table = tables_[n];
      table.diagonal().array() += shift;
      sum += best_mean(table);
    }
    return sum / static_cast<double>(count);
  }

  std::vector<Table> tables_;
  double mean_ = 0;
  double deviation_ = 0;
};

// Odds with rows and columns that sum to one.
Table scaled(const Table& logarithms) {
  Table odds = (logarithms.colwise() - logarithms.rowwise().maxCoeff()).array().exp();
  for (int turn = 0; turn < kMostScalings; ++turn) {
    odds.array().colwise() /= odds.rowwise().sum().array().eval();
    const Eigen::RowVectorXd sums = odds.colwise().sum();
    odds.array().rowwise() /= sums.array();
    if ((sums.array() - 1).abs().maxCoeff() < kScaled) break;
  }
  return odds;
}

// Shares of one group; empty where the weights say nothing.
Table group_shares(const Table& dominance, const Table& balance, const PairingParameters& parameters) {
  const UnrelatedTables unrelated(dominance.rows(), parameters.unrelated_tables);
  Table best;
  double best_score = 0;
  double most = parameters.likely_significance;
  for (int angle = 0; angle < kAngles; ++angle) {
    const double radians = std::numbers::pi * angle / (kAngles - 1);
    const Table score = std::cos(radians) * dominance + std::sin(radians) * balance;
    const double mean = best_mean(score);
    const double significance = unrelated.significance(mean);
    if (!(significance > most)) continue;
    most = significance;
    best = score;
    best_score = mean;
  }
  if (best.size() == 0) return best;
  return scaled(unrelated.shift(best_score) * best);
}

}  // namespace

PairShares likely_pairs(const Network& network, std::span<const PairScore> pairs, const PairingParameters& parameters) {
  PairShares result;
  for (const PairScore& pair : pairs) {
    if (pair.trusted) continue;
    result.expand.push_back(pair.expand);
    result.compress.push_back(pair.compress);
  }
  std::ranges::sort(result.expand);
  std::ranges::sort(result.compress);
  const pairing::PairTable untrusted(network, result.expand, result.compress);
  pairing::Scores scores(untrusted, parameters);
  const Table dominance = scores.standard_dominance();
  const Table balance = scores.standard_balance();
  Table shares = untrusted.zeros();
  bool known = false;
  for (const pairing::Group& group : untrusted.groups()) {
    const auto size = static_cast<Index>(group.rows.size());
    Table found;
    if (size > 1)
      found = group_shares(dominance(group.rows, group.columns), balance(group.rows, group.columns), parameters);
    known = known || found.size() > 0;
    if (found.size() == 0) found = Table::Constant(size, size, 1 / static_cast<double>(size));
    shares(group.rows, group.columns) = found;
  }
  if (!known) return {};
  result.shares.assign(shares.data(), shares.data() + shares.size());
  return result;
}

}  // namespace kintsugi
