#include "kernels/generated.hpp"

#if KINTSUGI_HAS_LIBXSMM
#include <libxsmm.h>
#endif

namespace kintsugi::kernels {

#if KINTSUGI_HAS_LIBXSMM
Generated generate(std::size_t m, std::size_t n, std::size_t k, bool accumulate) {
  const int rows = static_cast<int>(m);
  const int columns = static_cast<int>(n);
  const int depth = static_cast<int>(k);
  const float alpha = 1;
  const float beta = accumulate ? 1 : 0;
  const int flags = LIBXSMM_GEMM_FLAG_NONE;
  return libxsmm_smmdispatch(rows, columns, depth, &rows, &depth, &rows, &alpha, &beta, &flags, nullptr);
}
#else
Generated generate(std::size_t /*m*/, std::size_t /*n*/, std::size_t /*k*/, bool /*accumulate*/) { return nullptr; }
#endif

}  // namespace kintsugi::kernels
