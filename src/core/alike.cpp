#include "core/alike.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kintsugi {

namespace {

double norm_of(std::span<const float> numbers) {
  double sum = 0;
  for (const float x : numbers) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

}  // namespace

Likeness::Likeness(std::vector<std::span<const float>> pieces, const PairingParameters& parameters)
    : pieces_(std::move(pieces)), share_(parameters.alike), first_(parameters.alike_first) {
  norms_.reserve(pieces_.size());
  first_norms_.reserve(pieces_.size());
  for (const std::span<const float> piece : pieces_) {
    norms_.push_back(norm_of(piece));
    first_norms_.push_back(norm_of(piece.first(std::min(first_, piece.size()))));
  }
}

bool Likeness::operator()(std::size_t a, std::size_t b) const {
  const std::span<const float> one = pieces_[a];
  const std::span<const float> other = pieces_[b];
  if (one.size() != other.size()) return false;
  const std::size_t first = std::min(first_, one.size());
  if (distance(one.first(first), other.first(first)) > 2 * share_ * first_norms_[a]) return false;
  return distance(one, other) <= share_ * norms_[a];
}

}  // namespace kintsugi
