#include "search/rounds/depth_prior.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "objective/homing.hpp"

namespace kintsugi {

namespace {

// Of normal deviates: their standard deviation over the median of their magnitudes.
constexpr double kNormalMedian = 1.4826;

double square(double value) { return value * value; }

double median_magnitude(std::vector<double> values) {
  for (double& value : values) value = std::abs(value);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

DepthPrior::DepthPrior(const SearchClues& clues, const DepthStepsParameters& parameters)
    : lines_(clues.lines), line_places_(clues.line_places), parameters_(parameters) {}

void DepthPrior::begin(const Blocks& order) {
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (Blocks line : lines_) {
    for (int direction = 0; direction < 2; ++direction) {
      const std::size_t inversions = distance(line, order).inversions;
      if (inversions < fewest) {
        fewest = inversions;
        line_ = line;
      }
      std::ranges::reverse(line);
    }
  }
  const auto blocks = static_cast<double>(order.size());
  if (line_deviation_ == 0) line_deviation_ = std::min(line_places_, parameters_.first_deviation * blocks);
  line_deviation_ = std::max(line_deviation_, parameters_.least_deviation);
  weights_.clear();
}

void DepthPrior::set_order(const Blocks& order, const Eigen::MatrixXd& table) {
  const std::vector<double> weights = std::exchange(weights_, {});
  if (!weights.empty() && table.size() > 0) {
    for (const std::size_t before : positions_in(order, order_)) weights_.push_back(weights[before]);
  }
  order_ = order;
  to_line_.clear();
  to_homes_.clear();
  const std::vector<std::size_t> on_line = positions_in(order, line_);
  for (std::size_t p = 0; p < order.size(); ++p) {
    const auto line = static_cast<double>(on_line[p]);
    to_line_.push_back(line - static_cast<double>(p));
    if (table.size() == 0) continue;
    const std::size_t home = home_within(table, p, line, parameters_.home_reach * line_deviation_);
    to_homes_.push_back(static_cast<double>(home) - static_cast<double>(p));
  }
  if (has_homes() && weights_.empty()) begin_homes();
  combine();
}

// Nothing is learnt yet: the blocks are taken to be where they stand.
void DepthPrior::begin_homes() {
  home_deviation_ = std::max(parameters_.least_home_deviation, kNormalMedian * median_magnitude(to_homes_));
  for (const double shift : to_homes_) weights_.push_back(tail_weight(square(shift)));
}

double DepthPrior::tail_weight(double off_square) const {
  return (parameters_.tail + 1) / (parameters_.tail + off_square / square(home_deviation_));
}

void DepthPrior::combine() {
  shifts_.shifts.clear();
  shifts_.deviations.clear();
  for (std::size_t p = 0; p < order_.size(); ++p) {
    double precision = 1 / square(line_deviation_);
    double sum = precision * to_line_[p];
    if (has_homes()) {
      const double home = weights_[p] / square(home_deviation_);
      precision += home;
      sum += home * to_homes_[p];
    }
    shifts_.shifts.push_back(sum / precision);
    shifts_.deviations.push_back(1 / std::sqrt(precision));
  }
}

void DepthPrior::learn(const PositionStep::Posterior& posterior) {
  double line = 0;
  double home = 0;
  for (std::size_t p = 0; p < order_.size(); ++p) {
    const double shift = posterior.step.shifts[p];
    const double variance = square(posterior.deviations[p]);
    line += square(shift - to_line_[p]) + variance;
    if (!has_homes()) continue;
    const double off = square(shift - to_homes_[p]) + variance;
    weights_[p] = tail_weight(off);
    home += weights_[p] * off;
  }
  const auto blocks = static_cast<double>(order_.size());
  line_deviation_ = std::max(parameters_.least_deviation, std::sqrt(line / blocks));
  if (has_homes()) home_deviation_ = std::max(parameters_.least_home_deviation, std::sqrt(home / blocks));
}

double DepthPrior::energy(const Blocks& order) const {
  const std::vector<std::size_t> positions = positions_in(order_, order);
  double sum = 0;
  for (std::size_t p = 0; p < order_.size(); ++p) {
    const double shift = static_cast<double>(positions[p]) - static_cast<double>(p);
    sum += square((shift - shifts_.shifts[p]) / shifts_.deviations[p]) / 2;
  }
  return sum;
}

void DepthPrior::state(StateArchive& archive) {
  archive(order_, line_, to_line_, to_homes_, weights_, line_deviation_, home_deviation_);
  const auto one_each = [&](const std::vector<double>& values) { return values.size() == order_.size(); };
  archive.require(one_each(to_line_) && line_.empty() <= order_.empty());
  archive.require((to_homes_.empty() || one_each(to_homes_)) && (weights_.empty() || one_each(weights_)));
  archive.require(line_deviation_ >= 0 && home_deviation_ >= 0);
}

}  // namespace kintsugi
