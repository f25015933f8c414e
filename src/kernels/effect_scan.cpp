#include "kintsugi/kernels/effect_scan.hpp"

#include <cstring>

namespace kintsugi::kernels {

namespace {

#ifdef __AVX512F__
constexpr std::size_t kLanes = 16;
#else
constexpr std::size_t kLanes = 8;
#endif
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;

Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

}  // namespace

double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved) {
  Lanes even = {};
  Lanes odd = {};
  for (std::size_t i = 0; i < count; i += 2 * kLanes) {
    const Lanes first = load(moved + i) + sign * load(effect + i);
    const Lanes second = load(moved + i + kLanes) + sign * load(effect + i + kLanes);
    std::memcpy(moved + i, &first, sizeof first);
    std::memcpy(moved + i + kLanes, &second, sizeof second);
    even += (2 * load(errors + i) + first) * first;
    odd += (2 * load(errors + i + kLanes) + second) * second;
  }
  even += odd;
  double sum = 0;
  for (std::size_t i = 0; i < kLanes; ++i) sum += even[i];
  return sum;
}

}  // namespace kintsugi::kernels
