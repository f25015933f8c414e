#include "pairing/trust.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "core/assignment.hpp"
#include "core/stop.hpp"
#include "pairing/normal_scores.hpp"

namespace kintsugi::pairing {

namespace {

using Eigen::Index;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The value below which a share `q` of the ascending `sorted` lies, interpolated.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// For each piece the first one of the list that is equal to it, number by number.
std::vector<std::size_t> classes_of(std::size_t count, const auto& piece) {
  const auto content = [&](std::size_t i) { return std::tie(piece(i).in, piece(i).weight, piece(i).bias); };
  std::vector<std::size_t> sorted(count);
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::ranges::stable_sort(sorted, [&](std::size_t a, std::size_t b) { return content(a) < content(b); });
  std::vector<std::size_t> classes(count);
  for (std::size_t n = 0; n < count; ++n) {
    const bool equal = n > 0 && content(sorted[n]) == content(sorted[n - 1]);
    classes[sorted[n]] = equal ? classes[sorted[n - 1]] : sorted[n];
  }
  return classes;
}

// Whether pieces that are not chosen as a pair would make the same block as a chosen pair does.
class EqualBlocks {
 public:
  EqualBlocks(const PairTable& pairs, const Matching& matching)
      : rows_(classes_of(pairs.rows(), [&](std::size_t i) -> const Piece& { return pairs.expand(i); })),
        columns_(classes_of(pairs.columns(), [&](std::size_t j) -> const Piece& { return pairs.compress(j); })) {
    for (std::size_t i = 0; i < matching.size(); ++i) {
      if (matching[i] >= 0) chosen_.emplace(rows_[i], columns_[static_cast<std::size_t>(matching[i])]);
    }
  }
  [[nodiscard]] bool has(std::size_t row, std::size_t column) const {
    return chosen_.contains({rows_[row], columns_[column]});
  }

 private:
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> columns_;
  std::set<std::pair<std::size_t, std::size_t>> chosen_;
};

// A group's scores, those of the chosen pairs apart from the others.
class GroupAssessment {
 public:
  GroupAssessment(const Group& group, const Table& score, const Matching& matching, const EqualBlocks& equal,
                  const NullLaw& law, double trust_level)
      : group_(group), score_(score), matching_(matching), equal_(equal), law_(law), trust_level_(trust_level) {
    for (const std::size_t i : group.rows) {
      if (matching[i] >= 0) chosen_.push_back(i);
    }
    for (const std::size_t i : group.rows) {
      for (const std::size_t j : group.columns) {
        if (equal_.has(i, j)) continue;
        rest_.push_back(at(i, j));
        if (law.absolute) rest_.push_back(-at(i, j));
      }
    }
    std::sort(rest_.begin(), rest_.end());
    fit();
  }

  // Marks the trusted rows. Pairs that stand out are taken out, and the rest compared among themselves.
  void trust(PairingQuality& quality) const {
    std::vector<std::size_t> rows = group_.rows;
    std::vector<std::size_t> columns = group_.columns;
    while (true) {
      throw_if_stopped();
      std::vector<std::size_t> found = outstanding(rows, columns);
      // What is left over is a pair for want of any other.
      if (rows.size() == 1 && columns.size() == 1) found = rows;
      if (found.empty()) return;
      for (const std::size_t row : found) {
        quality.trusted[row] = 1;
        ++quality.trusted_count;
        std::erase(rows, row);
        std::erase(columns, static_cast<std::size_t>(matching_[row]));
      }
    }
  }

  // Sum and number of the margins over the best rival in row or column, in units of the scale.
  void add_margins(double& sum, std::size_t& count) const {
    if (scale_ <= 0) return;
    for (const std::size_t i : chosen_) {
      const auto j = static_cast<std::size_t>(matching_[i]);
      double rival = -kInfinity;
      for (const std::size_t other : group_.columns) {
        if (!equal_.has(i, other)) rival = std::max(rival, at(i, other));
      }
      for (const std::size_t other : group_.rows) {
        if (!equal_.has(other, j)) rival = std::max(rival, at(other, j));
      }
      if (rival == -kInfinity) continue;
      sum += (at(i, j) - rival) / scale_;
      ++count;
    }
  }

  // Lowest chosen minus highest of the rest, over the standard deviation of the rest.
  [[nodiscard]] double gap() const {
    if (rest_.empty() || chosen_.empty()) return kInfinity;
    double lowest = kInfinity;
    for (const std::size_t i : chosen_) lowest = std::min(lowest, at(i, static_cast<std::size_t>(matching_[i])));
    double mean = 0;
    for (const double s : rest_) mean += s / static_cast<double>(rest_.size());
    double variance = 0;
    for (const double s : rest_) variance += (s - mean) * (s - mean) / static_cast<double>(rest_.size());
    // With a single pair not chosen there is no spread but the one that the law gives.
    const double deviation = variance > 0 ? std::sqrt(variance) : scale_;
    return deviation > 0 ? (lowest - rest_.back()) / deviation : 0;
  }

 private:
  [[nodiscard]] double at(std::size_t i, std::size_t j) const {
    return score_(static_cast<Index>(i), static_cast<Index>(j));
  }

  // Location and scale of the scores that were not chosen. By quartiles, which the few true pairs among them cannot
  // move; the wider half counts, because the assignment has taken the highest scores away. No narrower than the law.
  void fit() {
    if (!rest_.empty()) {
      const double median = quantile(rest_, 0.5);
      const double half = std::max(quantile(rest_, 0.75) - median, median - quantile(rest_, 0.25));
      location_ = law_.known ? std::max(0.0, median) : median;
      scale_ = half / normal_quantile(0.25);
    }
    if (law_.known) scale_ = std::max(scale_, law_.deviation);
  }

  // What the highest of `count` scores of unrelated pieces exceeds with a probability of trust_level_.
  [[nodiscard]] double threshold(std::size_t count) const {
    const double p = trust_level_ / static_cast<double>(count * (law_.absolute ? 2 : 1));
    if (law_.known) return location_ + scale_ * normal_quantile(p);
    if (rest_.size() < 2 || scale_ <= 0) return kInfinity;
    return location_ + scale_ * student_quantile(p, static_cast<double>(rest_.size() - 1));
  }

  // Rows whose chosen score is above the threshold and above every score not chosen among these rows and columns.
  [[nodiscard]] std::vector<std::size_t> outstanding(const std::vector<std::size_t>& rows,
                                                     const std::vector<std::size_t>& columns) const {
    std::vector<std::size_t> found;
    if (rows.empty() || columns.empty()) return found;
    double bar = threshold(rows.size() * columns.size());
    for (const std::size_t i : rows) {
      for (const std::size_t j : columns) {
        if (!equal_.has(i, j)) bar = std::max(bar, at(i, j));
      }
    }
    for (const std::size_t i : rows) {
      if (matching_[i] >= 0 && at(i, static_cast<std::size_t>(matching_[i])) > bar) found.push_back(i);
    }
    return found;
  }

  const Group& group_;
  const Table& score_;
  const Matching& matching_;
  const EqualBlocks& equal_;
  NullLaw law_;
  double trust_level_;
  std::vector<std::size_t> chosen_;  // rows
  std::vector<double> rest_;         // ascending
  double location_ = 0;
  double scale_ = 0;
};

}  // namespace

Matching match_groups(const PairTable& pairs, const Table& score) {
  Matching matching(pairs.rows(), -1);
  std::vector<double> block;
  for (const Group& group : pairs.groups()) {
    const bool tall = group.rows.size() > group.columns.size();
    const std::vector<std::size_t>& few = tall ? group.columns : group.rows;
    const std::vector<std::size_t>& many = tall ? group.rows : group.columns;
    block.clear();
    for (const std::size_t a : few) {
      for (const std::size_t b : many) {
        block.push_back(score(static_cast<Index>(tall ? b : a), static_cast<Index>(tall ? a : b)));
      }
    }
    const std::vector<int> best = assign(block, few.size(), many.size());
    for (std::size_t a = 0; a < few.size(); ++a) {
      const std::size_t b = many[static_cast<std::size_t>(best[a])];
      matching[tall ? b : few[a]] = static_cast<int>(tall ? few[a] : b);
    }
  }
  return matching;
}

NullLaw null_law(PairScoreKind kind, std::size_t width, std::size_t hidden) {
  switch (kind) {
    case PairScoreKind::dominance: return {true, true, 1 / std::sqrt(static_cast<double>(width))};
    case PairScoreKind::signed_dominance: return {false, true, 1 / std::sqrt(static_cast<double>(width))};
    case PairScoreKind::balance:
      return {false, true, 1 / std::sqrt(static_cast<double>(std::max<std::size_t>(hidden, 2) - 1))};
    case PairScoreKind::combined:
    case PairScoreKind::learned: return {false, true, 1};
    case PairScoreKind::diagonal_ratio:
    case PairScoreKind::trace:
    case PairScoreKind::asymmetry: break;
  }
  return {};
}

PairingQuality assess(const PairTable& pairs, const Table& score, const Matching& matching, PairScoreKind kind,
                      double trust_level) {
  PairingQuality quality;
  quality.trusted.assign(pairs.rows(), 0);
  quality.gap = kInfinity;
  double margins = 0;
  std::size_t count = 0;
  const EqualBlocks equal(pairs, matching);
  for (const Group& group : pairs.groups()) {
    const GroupAssessment assessment(group, score, matching, equal, null_law(kind, pairs.width(), group.hidden),
                                     trust_level);
    assessment.trust(quality);
    assessment.add_margins(margins, count);
    quality.gap = std::min(quality.gap, assessment.gap());
  }
  quality.separation = count > 0 ? margins / static_cast<double>(count) : 0;
  return quality;
}

bool is_better(const PairingQuality& a, const PairingQuality& b) {
  if (a.trusted_count != b.trusted_count) return a.trusted_count > b.trusted_count;
  return a.separation > b.separation;
}

}  // namespace kintsugi::pairing
