#pragma once

#include <cstddef>
#include <vector>

#include "objective/effect_table.hpp"

namespace kintsugi::testing {

/// The MSE that a table's model gives an order, by plain float64 loops.
inline double predicted_error(const EffectTable& table, const std::vector<int>& order) {
  double sum = 0;
  for (std::size_t row = 0; row < table.rows; ++row) {
    double error = table.errors[row];
    for (std::size_t p = 0; p < order.size(); ++p) {
      for (std::size_t q = p + 1; q < order.size(); ++q) {
        if (order[p] < order[q]) continue;
        error += table.effect(static_cast<std::size_t>(order[q]), static_cast<std::size_t>(order[p]))[row];
      }
    }
    sum += error * error;
  }
  return sum * table.to_mse;
}

}  // namespace kintsugi::testing
