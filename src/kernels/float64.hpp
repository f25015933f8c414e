#pragma once

#include <cstddef>
#include <vector>

#include "kernels/aligned.hpp"

namespace kintsugi::kernels {

/// As TileBuffer, in float64.
using TileBuffer64 = std::vector<double, AlignedAllocator<double>>;

/// The product of a tile in float64, which float32 is judged by: C = A B, where A is a tile of k features, C a tile of
/// n features, and B is a row-major [n x k] weight. A and C are [features][kTileRows], 64-byte aligned. Each number of
/// C is summed up over k in turn, by whatever columns it stands among.
void multiply64(std::size_t n, std::size_t k, const double* a, const double* b, double* c);

}  // namespace kintsugi::kernels
