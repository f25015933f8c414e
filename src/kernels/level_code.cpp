// The table of one level. KINTSUGI_LEVEL_CODE is its name, the only one that others see of the files level_*.cpp in a
// build with several levels. Nothing of these files may run before main(): a processor may not know its instructions.
#include "kernels/blas_code.hpp"
#include "kernels/code.hpp"

namespace kintsugi::kernels {

extern constinit const Code KINTSUGI_LEVEL_CODE;
constinit const Code KINTSUGI_LEVEL_CODE = {
    .activate_tile = level_code::activate_tile,
    .activate_tile_with_slope = level_code::activate_tile_with_slope,
    .add_bias = level_code::add_bias,
    .scale = level_code::scale,
    .normalise_tile = level_code::normalise_tile,
    .pull_through_norm = level_code::pull_through_norm,
    .multiply = level_code::multiply,
    .weight_gradient = level_code::weight_gradient,
    .multiply64 = level_code::multiply64,
    .transpose_tile = level_code::transpose_tile,
    .pair_effects = level_code::pair_effects,
    .row_products = level_code::row_products,
    .insertion_changes = level_code::insertion_changes,
    .apply_insertion = level_code::apply_insertion,
    .pass_block = level_code::pass_block,
#if KINTSUGI_HAS_LEVELS
    .blas = &level_code::blas,
#endif
};

}  // namespace kintsugi::kernels
