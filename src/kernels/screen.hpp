#pragma once

#include <cstddef>
#include <span>

#include "kernels/aligned.hpp"

namespace kintsugi::kernels {

/// First-order effects of reordering, for one tile of rows and one output.
///
/// With r_b the residual of block b, g the prediction's gradient behind it, and u_b = J_b^T g its pulled-back adjoint,
/// putting b in front of a where a stood in front of b changes the prediction by D(a, b) = u_a . r_b - u_b . r_a to
/// first order in the residuals. D is antisymmetric, and effects of moves add up.
///
/// `residuals` and `pulled` are [blocks][width][kTileRows]; `effects` becomes [blocks][blocks][kTileRows]. `scratch` is
/// grown as needed.
void pair_effects(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled, float* effects,
                  TileBuffer& scratch);

/// The scalar product of each tile of `a` with each of `b`, row by row: all are [features][kTileRows]; `products`
/// becomes [a][b][kTileRows].
void row_products(std::span<const float* const> a, std::span<const float* const> b, std::size_t features,
                  float* products);

/// What the moves of one block would do to the sum of squared errors of one tile, under the model.
/// For the block at position `from`, adds to change[to - first] the sum over rows of (2 e + c) c, with e the rows'
/// errors and c the effect of inserting the block at position `to`, for first <= to <= last; change[from - first] is
/// left alone. `order[p]` is the block (a row of `effects`) at position p.
void insertion_changes(std::span<const int> order, std::size_t from, std::size_t first, std::size_t last,
                       const float* effects, const float* errors, double* change);

/// Adds to the rows' `errors` the effect of inserting the block at position `from` at position `to`.
void apply_insertion(std::span<const int> order, std::size_t from, std::size_t to, const float* effects, float* errors);

/// One step of a scan over the places of a block, under the first-order model.
/// Adds sign * `effect` to `moved`, the effect of all that the block has passed so far, and returns the change of the
/// sum of squared errors, sum (2 e + m) m over the entries. All arrays have `count` entries, a multiple of 32.
[[nodiscard]] double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved);

}  // namespace kintsugi::kernels
