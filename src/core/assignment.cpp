#include "core/assignment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// Shortest augmenting paths in the form of Crouse (IEEE Trans. Aerosp. Electron. Syst. 52, 2016): one row after the
// other is brought in along the cheapest path of alternating columns, found as Dijkstra does on reduced costs.
class Assigner {
 public:
  Assigner(std::span<const double> score, std::size_t rows, std::size_t columns)
      : score_(score),
        rows_(rows),
        columns_(columns),
        row_price_(rows, 0),
        column_price_(columns, 0),
        column_of_(rows, kNone),
        row_of_(columns, kNone),
        distance_(columns),
        previous_(columns) {}

  std::vector<int> run() {
    for (std::size_t row = 0; row < rows_; ++row) augment(row, find_path(row));
    return {column_of_.begin(), column_of_.end()};
  }

 private:
  [[nodiscard]] double cost(std::size_t row, std::size_t column) const { return -score_[row * columns_ + column]; }

  // Distances from `start` until a free column is reached; returns that column. Prices are updated so that every
  // reduced cost stays at or above zero, and those along the paths are zero.
  std::size_t find_path(std::size_t start) {
    std::fill(distance_.begin(), distance_.end(), kInfinity);
    open_.resize(columns_);
    for (std::size_t j = 0; j < columns_; ++j) open_[j] = j;
    closed_.clear();
    std::size_t row = start;
    double shortest = 0;
    while (true) {
      const std::size_t place = relax(row, shortest);
      const std::size_t column = place == kNone ? kNone : open_[place];
      if (column == kNone || distance_[column] == kInfinity) {
        throw InputError("no complete assignment exists: row " + std::to_string(start) +
                         " of the scores is left without a column");
      }
      shortest = distance_[column];
      // Keeps the open columns in ascending order, on which the rule for ties rests.
      open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(place));
      closed_.push_back(column);
      if (row_of_[column] == kNone) {
        reprice(start, shortest);
        return column;
      }
      row = row_of_[column];
    }
  }

  // Relaxes the edges of `row`; returns the place in open_ of the nearest column, the lowest of equals.
  std::size_t relax(std::size_t row, double shortest) {
    std::size_t nearest = kNone;
    double nearest_distance = kInfinity;
    for (std::size_t place = 0; place < open_.size(); ++place) {
      const std::size_t j = open_[place];
      const double through = shortest + cost(row, j) - row_price_[row] - column_price_[j];
      if (through < distance_[j]) {
        distance_[j] = through;
        previous_[j] = row;
      }
      if (distance_[j] < nearest_distance) {
        nearest_distance = distance_[j];
        nearest = place;
      }
    }
    return nearest;
  }

  void reprice(std::size_t start, double shortest) {
    row_price_[start] += shortest;
    for (const std::size_t column : closed_) {
      if (row_of_[column] != kNone) row_price_[row_of_[column]] += shortest - distance_[column];
      column_price_[column] -= shortest - distance_[column];
    }
  }

  void augment(std::size_t start, std::size_t column) {
    while (true) {
      const std::size_t row = previous_[column];
      row_of_[column] = row;
      std::swap(column_of_[row], column);
      if (row == start) return;
    }
  }

  std::span<const double> score_;
  std::size_t rows_;
  std::size_t columns_;
  std::vector<double> row_price_;
  std::vector<double> column_price_;
  std::vector<std::size_t> column_of_;
  std::vector<std::size_t> row_of_;
  std::vector<double> distance_;
  std::vector<std::size_t> previous_;
  std::vector<std::size_t> open_;
  std::vector<std::size_t> closed_;
};

}  // namespace

std::vector<int> assign(std::span<const double> score, std::size_t rows, std::size_t columns) {
  if (rows > columns || score.size() != rows * columns) {
    throw InternalError("assign: " + std::to_string(score.size()) + " scores for " + std::to_string(rows) +
                        " rows and " + std::to_string(columns) +
                        " columns; there must be at least as many columns as rows");
  }
  for (const double s : score) {
    if (std::isnan(s) || s == kInfinity) throw InternalError("assign: a score is NaN or +infinity");
  }
  return Assigner(score, rows, columns).run();
}

}  // namespace kintsugi
