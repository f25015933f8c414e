#include <algorithm>
#include <cstring>

#include "kernels/code.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi::kernels::level_code {

namespace {

#ifdef __AVX512F__
constexpr std::size_t kLanes = 16;
#else
constexpr std::size_t kLanes = 8;
#endif
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;
constexpr std::size_t kGroups = kTileRows / kLanes;

Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
void store(float* to, Lanes lanes) { std::memcpy(to, &lanes, sizeof lanes); }

// Blocks worked on together: 3 x 3 running sums and the six vectors they need fit 16 registers.
constexpr std::size_t kBatch = 3;

// sums[i][j] += u_{a+i} . r_{b+j} - u_{b+j} . r_{a+i} over `width` features; operands are [width][kLanes].
template <std::size_t A, std::size_t B>
void cross(std::size_t width, std::size_t stride, const float* ua, const float* ra, const float* ub, const float* rb,
           Lanes (&sums)[kBatch][kBatch]) {
  Lanes local[A][B] = {};
  for (std::size_t f = 0; f < width; ++f) {
    Lanes u[A];
    Lanes r[A];
    for (std::size_t i = 0; i < A; ++i) {
      u[i] = load(ua + i * stride + f * kLanes);
      r[i] = load(ra + i * stride + f * kLanes);
    }
    for (std::size_t j = 0; j < B; ++j) {
      const Lanes other_r = load(rb + j * stride + f * kLanes);
      const Lanes other_u = load(ub + j * stride + f * kLanes);
      for (std::size_t i = 0; i < A; ++i) {
        local[i][j] += u[i] * other_r;
        local[i][j] -= r[i] * other_u;
      }
    }
  }
  for (std::size_t i = 0; i < A; ++i) {
    for (std::size_t j = 0; j < B; ++j) sums[i][j] = local[i][j];
  }
}

// [blocks][width][kTileRows] to [group][blocks][width][kLanes]: one group's operands then fit the second-level cache.
void regroup(std::size_t blocks, std::size_t width, const float* from, float* to) {
  for (std::size_t group = 0; group < kGroups; ++group) {
    for (std::size_t i = 0; i < blocks * width; ++i) {
      store(to + (group * blocks * width + i) * kLanes, load(from + i * kTileRows + group * kLanes));
    }
  }
}

Lanes total_change(const float* errors, const Lanes (&effect)[kGroups]) {
  Lanes total = {};
  for (std::size_t g = 0; g < kGroups; ++g) total += (2 * load(errors + g * kLanes) + effect[g]) * effect[g];
  return total;
}

double add_up(Lanes lanes) {
  // Pairwise, in a fixed order.
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

}  // namespace

void pair_effects(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled, float* effects,
                  TileBuffer& scratch) {
  const std::size_t half = blocks * width * kTileRows;
  scratch.resize(2 * half);
  float* const r = scratch.data();
  float* const u = r + half;
  regroup(blocks, width, residuals, r);
  regroup(blocks, width, pulled, u);
  const std::size_t stride = width * kLanes;
  for (std::size_t group = 0; group < kGroups; ++group) {
    const float* const rg = r + group * blocks * stride;
    const float* const ug = u + group * blocks * stride;
    for (std::size_t a = 0; a < blocks; a += kBatch) {
      const std::size_t na = std::min(kBatch, blocks - a);
      for (std::size_t b = a; b < blocks; b += kBatch) {
        const std::size_t nb = std::min(kBatch, blocks - b);
        Lanes sums[kBatch][kBatch];
        if (na == kBatch && nb == kBatch) {
          cross<kBatch, kBatch>(width, stride, ug + a * stride, rg + a * stride, ug + b * stride, rg + b * stride,
                                sums);
        } else {
          for (std::size_t i = 0; i < na; ++i) {
            for (std::size_t j = 0; j < nb; ++j) {
              Lanes one[kBatch][kBatch];
              cross<1, 1>(width, stride, ug + (a + i) * stride, rg + (a + i) * stride, ug + (b + j) * stride,
                          rg + (b + j) * stride, one);
              sums[i][j] = one[0][0];
            }
          }
        }
        for (std::size_t i = 0; i < na; ++i) {
          for (std::size_t j = 0; j < nb; ++j) {
            store(effects + ((a + i) * blocks + b + j) * kTileRows + group * kLanes, sums[i][j]);
            store(effects + ((b + j) * blocks + a + i) * kTileRows + group * kLanes, -sums[i][j]);
          }
        }
      }
    }
  }
}

void insertion_changes(std::span<const int> order, std::size_t from, std::size_t first, std::size_t last,
                       const float* effects, const float* errors, double* change) {
  const std::size_t blocks = order.size();
  const float* const row = effects + static_cast<std::size_t>(order[from]) * blocks * kTileRows;
  const auto effect_of = [&](std::size_t position, std::size_t group) {
    return load(row + static_cast<std::size_t>(order[position]) * kTileRows + group * kLanes);
  };
  Lanes effect[kGroups] = {};
  for (std::size_t to = from + 1; to <= last; ++to) {
    for (std::size_t g = 0; g < kGroups; ++g) effect[g] += effect_of(to, g);
    change[to - first] += add_up(total_change(errors, effect));
  }
  for (Lanes& lanes : effect) lanes = Lanes{};
  for (std::size_t to = from; to-- > first;) {
    for (std::size_t g = 0; g < kGroups; ++g) effect[g] -= effect_of(to, g);
    change[to - first] += add_up(total_change(errors, effect));
  }
}

void apply_insertion(std::span<const int> order, std::size_t from, std::size_t to, const float* effects,
                     float* errors) {
  const std::size_t blocks = order.size();
  const float* const row = effects + static_cast<std::size_t>(order[from]) * blocks * kTileRows;
  const float sign = to > from ? 1 : -1;
  const std::size_t begin = to > from ? from + 1 : to;
  const std::size_t end = to > from ? to + 1 : from;
  for (std::size_t position = begin; position < end; ++position) {
    const float* const effect = row + static_cast<std::size_t>(order[position]) * kTileRows;
    for (std::size_t i = 0; i < kTileRows; ++i) errors[i] += sign * effect[i];
  }
}

double pass_block(std::size_t count, float sign, const float* effect, const float* errors, float* moved) {
  Lanes even = {};
  Lanes odd = {};
  for (std::size_t i = 0; i < count; i += 2 * kLanes) {
    const Lanes first = load(moved + i) + sign * load(effect + i);
    const Lanes second = load(moved + i + kLanes) + sign * load(effect + i + kLanes);
    store(moved + i, first);
    store(moved + i + kLanes, second);
    even += (2 * load(errors + i) + first) * first;
    odd += (2 * load(errors + i + kLanes) + second) * second;
  }
  even += odd;
  // In float64: small differences of long sums decide here.
  double sum = 0;
  for (std::size_t i = 0; i < kLanes; ++i) sum += even[i];
  return sum;
}

}  // namespace kintsugi::kernels::level_code
