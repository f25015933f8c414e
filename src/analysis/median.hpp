#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace kintsugi {

/// The middle value, or the mean of the two in the middle; NaN where there are none.
[[nodiscard]] inline double median_of(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

}  // namespace kintsugi
