#pragma once

#include <cstddef>

#include "core/random.hpp"
#include "kernels/aligned.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi::testing {

/// `count` normal floats of standard deviation `scale`, 64-byte aligned.
inline kernels::TileBuffer random_floats(Random& random, std::size_t count, double scale = 1) {
  kernels::TileBuffer values(count);
  for (float& value : values) value = static_cast<float>(scale * random.normal());
  return values;
}

/// While it lives, new Gemms use `backend`.
class WithBackend {
 public:
  explicit WithBackend(kernels::GemmBackend backend) : saved_(kernels::gemm_backend()) {
    kernels::set_gemm_backend(backend);
  }
  ~WithBackend() { kernels::set_gemm_backend(saved_); }
  WithBackend(const WithBackend&) = delete;
  WithBackend& operator=(const WithBackend&) = delete;

 private:
  kernels::GemmBackend saved_;
};

}  // namespace kintsugi::testing

/// Skips a test of libxsmm, loudly, where it does not work.
#define KINTSUGI_REQUIRE_BACKEND(backend)                                                          \
  if ((backend) == kintsugi::kernels::GemmBackend::libxsmm && !kintsugi::kernels::libxsmm_works()) \
  GTEST_SKIP() << "SKIPPED: libxsmm is not built in, or fails its self-test on this machine"
