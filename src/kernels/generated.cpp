#include "kernels/generated.hpp"

#if KINTSUGI_HAS_LIBXSMM
#include <libxsmm.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#endif

namespace kintsugi::kernels {

#if KINTSUGI_HAS_LIBXSMM
namespace {

/// A page can be had with `first` access, and with `then` after that.
bool can_have_page(int first, int then) {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = ::mmap(nullptr, size, first, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool changed = ::mprotect(page, size, then) == 0;
  ::munmap(page, size);
  return changed;
}

}  // namespace

bool generated_code_may_run() {
  constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;
  static const bool may = can_have_page(kAll, kAll) && can_have_page(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC);
  return may;
}

void generate_for(GeneratedFor processors) {
  static const int found = libxsmm_get_target_archid();
  switch (processors) {
    case GeneratedFor::this_one: return libxsmm_set_target_archid(found);
    case GeneratedFor::avx2: return libxsmm_set_target_archid(std::min(found, LIBXSMM_X86_AVX2));
    case GeneratedFor::sse4: return libxsmm_set_target_archid(std::min(found, LIBXSMM_X86_SSE4));
  }
}

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
bool generated_code_may_run() { return true; }

void generate_for(GeneratedFor /*processors*/) {}

Generated generate(std::size_t /*m*/, std::size_t /*n*/, std::size_t /*k*/, bool /*accumulate*/) { return nullptr; }
#endif

}  // namespace kintsugi::kernels
