#include "report/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace kintsugi::report {

Grid reduce(std::span<const double> matrix, std::size_t rows, std::size_t columns, std::size_t limit, Keep keep) {
  Grid grid;
  grid.cell = std::max<std::size_t>(1, (std::max(rows, columns) + limit - 1) / limit);
  grid.rows = (rows + grid.cell - 1) / grid.cell;
  grid.columns = (columns + grid.cell - 1) / grid.cell;
  grid.values.assign(grid.rows * grid.columns, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = matrix[r * columns + c];
      double& best = grid.values[r / grid.cell * grid.columns + c / grid.cell];
      if (!std::isfinite(value)) continue;
      const bool better = keep == Keep::highest ? value > best : std::abs(value) > std::abs(best);
      if (std::isnan(best) || better) best = value;
    }
  }
  return grid;
}

std::vector<std::size_t> thin_curve(std::span<const double> values, std::size_t limit) {
  std::vector<std::size_t> kept(values.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (values.size() <= limit) return kept;
  kept = {0, values.size() - 1};
  const std::size_t stretches = std::max<std::size_t>(1, limit / 2);
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto first = static_cast<std::ptrdiff_t>(values.size() * i / stretches);
    const auto last = static_cast<std::ptrdiff_t>(values.size() * (i + 1) / stretches);
    const auto [low, high] = std::minmax_element(values.begin() + first, values.begin() + last);
    kept.push_back(static_cast<std::size_t>(low - values.begin()));
    kept.push_back(static_cast<std::size_t>(high - values.begin()));
  }
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

std::vector<std::size_t> thin_cloud(std::span<const double> values, std::size_t limit, std::size_t extreme) {
  std::vector<std::size_t> all(values.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (values.size() <= limit) return all;
  std::vector<std::size_t> kept = all;
  const auto middle = kept.begin() + static_cast<std::ptrdiff_t>(std::min(extreme, limit));
  const auto magnitude = [&](std::size_t i) {  // what is no number is the largest of all
    return std::isnan(values[i]) ? std::numeric_limits<double>::infinity() : std::abs(values[i]);
  };
  std::partial_sort(kept.begin(), middle, kept.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(-magnitude(a), a) < std::pair(-magnitude(b), b);
  });
  kept.erase(middle, kept.end());
  const std::size_t rest = limit - kept.size();
  for (std::size_t i = 0; i < rest; ++i) kept.push_back(values.size() * i / rest);
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

Histogram histogram(std::span<const double> table, std::size_t side, std::size_t bins) {
  Histogram result;
  result.low = std::numeric_limits<double>::infinity();
  result.high = -result.low;
  for (const double value : table) {
    if (!std::isfinite(value)) continue;
    result.low = std::min(result.low, value);
    result.high = std::max(result.high, value);
  }
  result.chosen.assign(bins, 0);
  result.others.assign(bins, 0);
  if (result.low > result.high) return {0, 1, result.chosen, result.others};
  if (result.low == result.high) result.high = result.low + 1;
  const double scale = static_cast<double>(bins) / (result.high - result.low);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!std::isfinite(table[i])) continue;
    const auto bin = std::min(bins - 1, static_cast<std::size_t>((table[i] - result.low) * scale));
    ++(i / side == i % side ? result.chosen : result.others)[bin];
  }
  return result;
}

}  // namespace kintsugi::report
