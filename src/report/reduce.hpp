#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// Makes what is too large for a page small enough to be looked at.
namespace kintsugi::report {

/// A matrix whose entries were taken together in squares of `cell` x `cell` entries, row-major [rows x columns].
struct Grid {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t cell = 1;
  std::vector<double> values;  ///< NaN where no entry of the square is finite
};

/// What stands for the finite entries of a square.
enum class Keep { highest, largest_magnitude };

/// At most `limit` squares on each side.
[[nodiscard]] Grid reduce(std::span<const double> matrix, std::size_t rows, std::size_t columns, std::size_t limit,
                          Keep keep);

/// Indices of at most about `limit` values, ascending: all if there are so few; else the first, the last and, of every
/// stretch, the lowest and the highest, so that a curve keeps its shape.
[[nodiscard]] std::vector<std::size_t> thin_curve(std::span<const double> values, std::size_t limit);

/// Indices of at most `limit` values, ascending: the `extreme` largest magnitudes, and others evenly spaced.
[[nodiscard]] std::vector<std::size_t> thin_cloud(std::span<const double> values, std::size_t limit,
                                                  std::size_t extreme);

/// Counts of finite values in equal bins.
struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<std::size_t> chosen;
  std::vector<std::size_t> others;
};

/// Of a square table: its diagonal is what was chosen.
[[nodiscard]] Histogram histogram(std::span<const double> table, std::size_t side, std::size_t bins);

}  // namespace kintsugi::report
