#pragma once

#include <Eigen/Core>

/// Sizes of the slabs that pairing packs weights into before a matrix product. They change the time taken and, by the
/// order of float32 sums, the last bits of scores.
namespace kintsugi::pairing {

/// Rows and columns of one slab of whole products, at most: 1 MiB of floats, which stays in cache while it is scored.
inline constexpr Eigen::Index kProductSide = 512;

/// Floats in one packed slab: small enough that the product reads it from cache again.
inline constexpr Eigen::Index kSlabFloats = Eigen::Index{1} << 16;

/// Floats of each piece in a slab, at least: adding up the slabs' products then costs little beside them.
inline constexpr Eigen::Index kSlabDepth = 1024;

/// Rows of a Gram matrix that are formed at a time. Of the rest of the matrix only the part right of the diagonal block
/// is formed, which saves nearly half of the work.
inline constexpr Eigen::Index kGramRows = 16;

/// Floats between the end of one packed piece and the start of the next. Pieces whose size is a multiple of a page
/// would otherwise all fall into the same sets of the cache.
inline constexpr Eigen::Index kPadding = 16;

}  // namespace kintsugi::pairing
