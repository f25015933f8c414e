#include "core/alike.hpp"

#include <algorithm>
#include <cmath>

namespace kintsugi {

namespace {

constexpr double kAlike = 0.1;

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

}  // namespace

double norm_of(std::span<const float> numbers) {
  double sum = 0;
  for (const float x : numbers) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

bool are_alike(std::span<const float> a, std::span<const float> b) {
  // The first numbers tell most of what is unlike.
  constexpr std::size_t kFirst = 64;
  const std::size_t first = std::min(kFirst, a.size());
  if (distance(a.first(first), b.first(first)) > 2 * kAlike * norm_of(a.first(first))) return false;
  return distance(a, b) <= kAlike * norm_of(a);
}

}  // namespace kintsugi
