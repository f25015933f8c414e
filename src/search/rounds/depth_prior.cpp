#include "search/rounds/depth_prior.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "search/rounds/home_odds.hpp"

namespace kintsugi {

namespace {

// A prior says no less than this share of what the data say.
constexpr double kLeastShare = 0.1;

double square(double value) { return value * value; }

}  // namespace

DepthPrior::DepthPrior(Evaluator& evaluator, const SearchClues& clues, const Parameters& parameters)
    : homing_(evaluator, parameters.homing),
      lines_(clues.lines),
      line_places_(clues.line_places),
      parameters_(parameters.depth_prior),
      home_odds_parameters_(parameters.home_odds) {}

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
}

void DepthPrior::set_order(const Blocks& order, Knows knows) {
  order_ = order;
  home_odds_ = {};
  if (knows == Knows::line_and_homes) home_odds_ = home_odds(homing_.signs(order), home_odds_parameters_);
  to_line_.clear();
  const std::vector<std::size_t> on_line = positions_in(order, line_);
  for (std::size_t p = 0; p < order.size(); ++p)
    to_line_.push_back(static_cast<double>(on_line[p]) - static_cast<double>(p));
  shifts_.shifts = to_line_;
  shifts_.deviations.assign(order.size(), line_deviation_);
  if (!has_homes()) return;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const Moments found = moments(p, {});
    shifts_.shifts[p] = found.mean;
    shifts_.deviations[p] = std::max(parameters_.least_home_deviation, std::sqrt(found.variance));
  }
}

double DepthPrior::block_energy(std::size_t block, std::size_t place) const {
  const double shift = static_cast<double>(place) - static_cast<double>(block);
  const double off = square((shift - to_line_[block]) / line_deviation_);
  const double by_line = has_homes() ? (parameters_.tail + 1) / 2 * std::log1p(off / parameters_.tail) : off / 2;
  return by_line + (has_homes() ? home_odds_(static_cast<Eigen::Index>(block), static_cast<Eigen::Index>(place)) : 0);
}

std::vector<double> DepthPrior::density(std::size_t block, const Normal& beside) const {
  std::vector<double> density;
  density.reserve(order_.size());
  for (std::size_t place = 0; place < order_.size(); ++place) {
    const double shift = static_cast<double>(place) - static_cast<double>(block);
    density.push_back(block_energy(block, place) + beside.precision * square(shift - beside.mean) / 2);
  }
  const double least = *std::ranges::min_element(density);
  for (double& one : density) one = std::exp(least - one);
  const double sum = std::accumulate(density.begin(), density.end(), 0.0);
  for (double& one : density) one /= sum;
  return density;
}

DepthPrior::Moments DepthPrior::moments(std::size_t block, const Normal& beside) const {
  Moments found;
  double squares = 0;
  std::size_t place = 0;
  for (const double share : density(block, beside)) {
    const double shift = static_cast<double>(place++) - static_cast<double>(block);
    found.mean += share * shift;
    squares += share * square(shift);
  }
  found.variance = std::max(0.0, squares - square(found.mean));
  return found;
}

std::pair<std::size_t, double> DepthPrior::likeliest_place(std::size_t block) const {
  std::size_t best = block;
  for (std::size_t place = 0; place < order_.size(); ++place) {
    if (block_energy(block, place) < block_energy(block, best)) best = place;
  }
  return {best, block_energy(block, block) - block_energy(block, best)};
}

void DepthPrior::refine(const PositionStep::Posterior& posterior) {
  if (!has_homes()) return;
  const auto farthest = static_cast<double>(order_.size());
  for (std::size_t p = 0; p < order_.size(); ++p) {
    // What the data say without this block's own prior.
    const double own = 1 / square(shifts_.deviations[p]);
    const double both = 1 / square(posterior.deviations[p]);
    Normal data{.mean = 0, .precision = std::max(0.0, both - own)};
    if (data.precision > 0) data.mean = (both * posterior.step.shifts[p] - own * shifts_.shifts[p]) / data.precision;
    const Moments found = moments(p, data);
    const double variance = std::max(square(parameters_.least_home_deviation), found.variance);
    // Where a density has two places far apart that the data leave open, no normal density has these moments: then only
    // the mean is kept.
    const double least = std::max(1 / square(farthest), kLeastShare * data.precision);
    const double precision = std::max(least, 1 / variance - data.precision);
    const double shift = (found.mean * (data.precision + precision) - data.precision * data.mean) / precision;
    shifts_.shifts[p] = std::clamp(shift, -farthest, farthest);
    shifts_.deviations[p] = 1 / std::sqrt(precision);
  }
}

double DepthPrior::flip_cost(std::size_t first, std::size_t second, double spread) const {
  const Normal beside{.mean = 0, .precision = 1 / square(spread)};
  const std::vector<double> one = density(first, beside);
  const std::vector<double> other = density(second, beside);
  double before = 0;  // of `one` so far
  double flipped = 0;
  double kept = 0;
  for (std::size_t place = 0; place < one.size(); ++place) {
    kept += other[place] * (before + one[place] / 2);
    before += one[place];
    flipped += other[place] * (1 - before + one[place] / 2);
  }
  constexpr double kSurest = 1e-9;
  return std::log(std::max(kept, kSurest) / std::max(flipped, kSurest));
}

void DepthPrior::learn(const PositionStep::Posterior& posterior) {
  double line = 0;
  for (std::size_t p = 0; p < order_.size(); ++p) {
    const double off = square(posterior.step.shifts[p] - to_line_[p]) + square(posterior.deviations[p]);
    line += has_homes() ? off * (parameters_.tail + 1) / (parameters_.tail + off / square(line_deviation_)) : off;
  }
  line_deviation_ = std::max(parameters_.least_deviation, std::sqrt(line / static_cast<double>(order_.size())));
}

double DepthPrior::energy(const Blocks& order) const {
  const std::vector<std::size_t> positions = positions_in(order_, order);
  double sum = 0;
  for (std::size_t p = 0; p < order_.size(); ++p) sum += block_energy(p, positions[p]);
  return sum;
}

void DepthPrior::state(StateArchive& archive) {
  archive(line_, line_deviation_);
  archive.require(line_deviation_ >= 0 && line_.empty() == (line_deviation_ == 0));
}

}  // namespace kintsugi
