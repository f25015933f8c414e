#include "kernels/float64.hpp"

#include "kernels/code.hpp"

namespace kintsugi::kernels {

void multiply64(std::size_t n, std::size_t k, const double* a, const double* b, double* c) {
  code().multiply64(n, k, a, b, c);
}

}  // namespace kintsugi::kernels
