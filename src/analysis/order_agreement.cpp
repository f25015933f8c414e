#include "analysis/order_agreement.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "kintsugi/core/assembly.hpp"

namespace kintsugi {

OrderAgreement order_agreement(std::span<const int> places) {
  std::vector<int> known;
  std::ranges::copy_if(places, std::back_inserter(known), [](int place) { return place >= 0; });
  std::vector<int> sorted = known;
  std::ranges::sort(sorted);
  for (int& place : known) place = static_cast<int>(std::ranges::lower_bound(sorted, place) - sorted.begin());

  if (known.size() < 2) return {.inversions = 0, .kendall_tau = 1, .rank_correlation = 1};
  const auto n = static_cast<double>(known.size());
  std::vector<int> ascending(known.size());
  std::iota(ascending.begin(), ascending.end(), 0);
  double squares = 0;
  for (std::size_t p = 0; p < known.size(); ++p) {
    const double shift = static_cast<double>(known[p]) - static_cast<double>(p);
    squares += shift * shift;
  }
  const auto inversions = static_cast<double>(kendall_distance(known, ascending));
  return {.inversions = inversions,
          .kendall_tau = 1 - 4 * inversions / (n * (n - 1)),
          .rank_correlation = 1 - 6 * squares / (n * (n * n - 1))};
}

}  // namespace kintsugi
