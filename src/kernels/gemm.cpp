#include "kernels/gemm.hpp"

#include <cmath>

#include "kernels/aligned.hpp"
#include "kernels/code.hpp"
#include "kernels/generated.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels {

namespace {

// Some processors and libxsmm releases do not go together; wrong numbers are found here, once, on odd and even shapes.
bool agrees_with_loops(std::size_t n, std::size_t k, bool accumulate) {
  const Generated multiply = generate(kTileRows, n, k, accumulate);
  if (multiply == nullptr) return false;
  TileBuffer memory(kTileRows * (k + n) + n * k);
  float* const a = memory.data();
  float* const c = a + kTileRows * k;
  float* const b = c + kTileRows * n;
  for (std::size_t i = 0; i < kTileRows * k; ++i) a[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 64;
  for (std::size_t i = 0; i < n * k; ++i) b[i] = static_cast<float>(static_cast<int>(i * 53 % 97) - 48) / 64;
  for (std::size_t i = 0; i < kTileRows * n; ++i) c[i] = 1;
  multiply(a, b, c);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      double expected = accumulate ? 1 : 0;
      for (std::size_t p = 0; p < k; ++p) expected += static_cast<double>(a[p * kTileRows + row]) * b[j * k + p];
      if (!(std::abs(c[j * kTileRows + row] - expected) < 1e-3)) return false;
    }
  }
  return true;
}

bool test_libxsmm() {
  if (!generated_code_may_run()) return false;
  for (const auto& [n, k] : {std::pair<std::size_t, std::size_t>{96, 48}, {48, 96}, {1, 48}, {7, 13}, {10, 64}}) {
    if (!agrees_with_loops(n, k, false) || !agrees_with_loops(n, k, true)) return false;
  }
  return true;
}

GemmBackend& chosen_backend() {
  static GemmBackend backend = libxsmm_works() ? GemmBackend::libxsmm : GemmBackend::eigen;
  return backend;
}

}  // namespace

std::string_view to_string(GemmBackend backend) { return backend == GemmBackend::libxsmm ? "libxsmm" : "eigen"; }

bool libxsmm_works() {
  static const bool works = test_libxsmm();
  return works;
}

GemmBackend gemm_backend() { return chosen_backend(); }

void set_gemm_backend(GemmBackend backend) {
  if (backend == GemmBackend::libxsmm && !libxsmm_works()) {
    throw UsageError("libxsmm is not built in, or fails its self-test on this machine");
  }
  chosen_backend() = backend;
}

Gemm::Gemm(std::size_t n, std::size_t k, bool accumulate) : n_(n), k_(k), accumulate_(accumulate) {
  if (gemm_backend() == GemmBackend::libxsmm) generated_ = generate(kTileRows, n, k, accumulate);
}

void Gemm::multiply_with_eigen(const float* a, const float* b, float* c) const {
  code().multiply(n_, k_, accumulate_, a, b, c);
}

}  // namespace kintsugi::kernels
