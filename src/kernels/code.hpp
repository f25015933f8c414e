#pragma once

#include <cstddef>
#include <span>

#include "kernels/aligned.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/block_form.hpp"

namespace kintsugi::kernels {

struct BlasCode;

/// The kernels' own code as it was compiled for one level of processors. The public functions beside it (block.hpp,
/// gemm.hpp, screen.hpp, weight_gradient.hpp) call the code of the level in use.
///
/// The files level_*.cpp are compiled once for each level, into the namespace `level_code`; in a build for one kind of
/// processor that is once.
struct Code {
  void (*activate_tile)(Activation activation, const float* bias, std::size_t features, float* z);
  void (*activate_tile_with_slope)(Activation activation, const float* bias, std::size_t features, float* z,
                                   float* slope);
  /// Adds bias[j] to feature j of a tile.
  void (*add_bias)(const float* bias, std::size_t features, float* tile);
  /// values[i] *= factors[i].
  void (*scale)(const float* factors, std::size_t count, float* values);
  /// The norm of a tile of `features` features: `normed`, another one, and the factor of each of its rows.
  void (*normalise_tile)(const BlockForm& form, std::size_t features, const float* x, float* normed, float* factors);
  /// Gradients with respect to what normalise_tile() gave become gradients with respect to what it was given.
  void (*pull_through_norm)(const BlockForm& form, std::size_t features, const float* normed, const float* factors,
                            float* gradients);
  /// Gemm of a shape that libxsmm has no code for.
  void (*multiply)(std::size_t n, std::size_t k, bool accumulate, const float* a, const float* b, float* c);
  /// WeightGradient of such a shape.
  void (*weight_gradient)(std::size_t out, std::size_t in, bool accumulate, const float* g, const float* x_transposed,
                          float* gradient);
  void (*multiply64)(std::size_t n, std::size_t k, const double* a, const double* b, double* c);
  void (*transpose_tile)(std::size_t features, const float* tile, float* transposed);
  void (*pair_effects)(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled,
                       float* effects, TileBuffer& scratch);
  void (*row_products)(std::span<const float* const> a, std::span<const float* const> b, std::size_t features,
                       float* products);
  void (*insertion_changes)(std::span<const int> order, std::size_t from, std::size_t first, std::size_t last,
                            const float* effects, const float* errors, double* change);
  void (*apply_insertion)(std::span<const int> order, std::size_t from, std::size_t to, const float* effects,
                          float* errors);
  double (*pass_block)(std::size_t count, float sign, const float* effect, const float* errors, float* moved);
#if KINTSUGI_HAS_LEVELS
  const BlasCode* blas;
#endif
};

namespace level_code {

void activate_tile(Activation activation, const float* bias, std::size_t features, float* z);
void activate_tile_with_slope(Activation activation, const float* bias, std::size_t features, float* z, float* slope);
void add_bias(const float* bias, std::size_t features, float* tile);
void scale(const float* factors, std::size_t count, float* values);
void normalise_tile(const BlockForm& form, std::size_t features, const float* x, float* normed, float* factors);
void pull_through_norm(const BlockForm& form, std::size_t features, const float* normed, const float* factors,
                       float* gradients);
void multiply(std::size_t n, std::size_t k, bool accumulate, const float* a, const float* b, float* c);
void weight_gradient(std::size_t out, std::size_t in, bool accumulate, const float* g, const float* x_transposed,
                     float* gradient);
void multiply64(std::size_t n, std::size_t k, const double* a, const double* b, double* c);
void transpose_tile(std::size_t features, const float* tile, float* transposed);
void pair_effects(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled, float* effects,
                  TileBuffer& scratch);
void row_products(std::span<const float* const> a, std::span<const float* const> b, std::size_t features,
                  float* products);
void insertion_changes(std::span<const int> order, std::size_t from, std::size_t first, std::size_t last,
                       const float* effects, const float* errors, double* change);
void apply_insertion(std::span<const int> order, std::size_t from, std::size_t to, const float* effects, float* errors);
double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved);

}  // namespace level_code

/// That of the level in use.
[[nodiscard]] const Code& code() noexcept;

}  // namespace kintsugi::kernels
