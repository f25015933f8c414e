#pragma once

#include <cstddef>
#include <string_view>

namespace kintsugi::kernels {

/// Rows that are worked on together. Fixed, so that every row goes through the same arithmetic whatever the number of
/// ranks. A tile of n features is stored feature-major: [n][kTileRows], 64-byte aligned.
inline constexpr std::size_t kTileRows = 32;

enum class GemmBackend { libxsmm, eigen };

[[nodiscard]] std::string_view to_string(GemmBackend backend);

/// Whether libxsmm is built in and its generated code agrees with plain loops on this machine (tested once).
[[nodiscard]] bool libxsmm_works();

/// The backend that new Gemms use: libxsmm where it works, unless set otherwise.
[[nodiscard]] GemmBackend gemm_backend();
/// Not thread-safe. Throws UsageError where libxsmm is asked for but does not work.
void set_gemm_backend(GemmBackend backend);

/// The small product C = A B, or C += A B, of one tile: A is a tile of k features, C a tile of n features, and B [k x
/// n] has its k values of a column next to each other: a row-major [n x k] weight as PyTorch stores it.
class Gemm {
 public:
  Gemm() = default;
  Gemm(std::size_t n, std::size_t k, bool accumulate);

  void operator()(const float* a, const float* b, float* c) const {
    if (generated_ != nullptr) {
      generated_(a, b, c);
    } else {
      multiply_with_eigen(a, b, c);
    }
  }

 private:
  void multiply_with_eigen(const float* a, const float* b, float* c) const;

  using Generated = void (*)(const float* a, const float* b, float* c, ...);
  Generated generated_ = nullptr;
  std::size_t n_ = 0;
  std::size_t k_ = 0;
  bool accumulate_ = false;
};

}  // namespace kintsugi::kernels
