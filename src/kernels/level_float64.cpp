#include <cstring>

#include "kernels/code.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi::kernels::level_code {

namespace {

// Running sums of kColumns columns by kVectors vectors of rows, one number of the weight and the rows' vectors fit the
// registers: 32 of AVX-512, 16 otherwise.
#ifdef __AVX512F__
constexpr std::size_t kLanes = 8;
constexpr std::size_t kColumns = 6;
#elif defined(__AVX__)
constexpr std::size_t kLanes = 4;
constexpr std::size_t kColumns = 3;
#else
constexpr std::size_t kLanes = 2;
constexpr std::size_t kColumns = 3;
#endif
constexpr std::size_t kVectors = 4;
constexpr std::size_t kRows = kVectors * kLanes;
static_assert(kTileRows % kRows == 0);
using Lanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;

Lanes load(const double* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
void store(double* to, Lanes lanes) { std::memcpy(to, &lanes, sizeof lanes); }

/// Columns of the product, kRows rows of each.
template <std::size_t Columns>
void multiply_columns(std::size_t k, const double* a, const double* b, double* c) {
  Lanes sums[Columns][kVectors] = {};
  for (std::size_t p = 0; p < k; ++p) {
    Lanes rows[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) rows[v] = load(a + p * kTileRows + v * kLanes);
    for (std::size_t j = 0; j < Columns; ++j) {
      const double factor = b[j * k + p];
      for (std::size_t v = 0; v < kVectors; ++v) sums[j][v] += factor * rows[v];
    }
  }
  for (std::size_t j = 0; j < Columns; ++j) {
    for (std::size_t v = 0; v < kVectors; ++v) store(c + j * kTileRows + v * kLanes, sums[j][v]);
  }
}

/// The last columns: fewer than kColumns.
template <std::size_t Columns = kColumns - 1>
void multiply_last(std::size_t columns, std::size_t k, const double* a, const double* b, double* c) {
  if constexpr (Columns > 0) {
    if (columns == Columns) return multiply_columns<Columns>(k, a, b, c);
    multiply_last<Columns - 1>(columns, k, a, b, c);
  }
}

}  // namespace

void multiply64(std::size_t n, std::size_t k, const double* a, const double* b, double* c) {
  const std::size_t whole = n / kColumns * kColumns;
  for (std::size_t row = 0; row < kTileRows; row += kRows) {
    for (std::size_t j = 0; j < whole; j += kColumns) {
      multiply_columns<kColumns>(k, a + row, b + j * k, c + j * kTileRows + row);
    }
    multiply_last(n - whole, k, a + row, b + whole * k, c + whole * kTileRows + row);
  }
}

}  // namespace kintsugi::kernels::level_code
