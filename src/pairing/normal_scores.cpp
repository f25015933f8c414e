#include "pairing/normal_scores.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <numeric>

namespace kintsugi::pairing {

double normal_quantile(double p) {
  return boost::math::quantile(boost::math::complement(boost::math::normal_distribution<double>(), p));
}

double student_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t_distribution<double>(degrees), p));
}

NormalScores::NormalScores(std::size_t count) {
  quantiles_.reserve(count);
  for (std::size_t rank = 0; rank < count; ++rank) {
    quantiles_.push_back(-normal_quantile((static_cast<double>(rank) + 0.5) / static_cast<double>(count)));
  }
}

Eigen::VectorXd NormalScores::of(std::span<const double> values) const {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] != values[b] ? values[a] < values[b] : a < b; });
  Eigen::VectorXd scores(static_cast<Eigen::Index>(values.size()));
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    const double sum = std::accumulate(quantiles_.begin() + static_cast<std::ptrdiff_t>(first),
                                       quantiles_.begin() + static_cast<std::ptrdiff_t>(last), 0.0);
    const double mean = sum / static_cast<double>(last - first);
    for (; first < last; ++first) scores(static_cast<Eigen::Index>(order[first])) = mean;
  }
  scores.array() -= scores.mean();
  // Quantiles are a few units in size: what is left of equal ones is rounding.
  constexpr double kRounding = 1e-9;
  const double length = scores.norm();
  if (length < kRounding) return Eigen::VectorXd::Zero(scores.size());
  return scores / length;
}

}  // namespace kintsugi::pairing
