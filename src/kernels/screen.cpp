#include "kernels/screen.hpp"

#include "kernels/code.hpp"

namespace kintsugi::kernels {

void pair_effects(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled, float* effects,
                  TileBuffer& scratch) {
  code().pair_effects(blocks, width, residuals, pulled, effects, scratch);
}

void row_products(std::span<const float* const> a, std::span<const float* const> b, std::size_t features,
                  float* products) {
  code().row_products(a, b, features, products);
}

void insertion_changes(std::span<const int> order, std::size_t from, std::size_t first, std::size_t last,
                       const float* effects, const float* errors, double* change) {
  code().insertion_changes(order, from, first, last, effects, errors, change);
}

void apply_insertion(std::span<const int> order, std::size_t from, std::size_t to, const float* effects,
                     float* errors) {
  code().apply_insertion(order, from, to, effects, errors);
}

double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved) {
  return code().pass_block(count, sign, effect, errors, moved);
}

}  // namespace kintsugi::kernels
