#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace kintsugi {

/// The assignment of rows to columns that maximises the sum of `score` [rows x columns, rows <= columns], exactly
/// (Jonker and Volgenant, Computing 38, 1987: shortest augmenting paths). -infinity forbids a pair.
/// Returns the column of each row. Throws InputError where no complete assignment exists. Ties break by lowest index.
[[nodiscard]] std::vector<int> assign(std::span<const double> score, std::size_t rows, std::size_t columns);

}  // namespace kintsugi
