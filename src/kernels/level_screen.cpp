#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

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

// Blocks worked on together: 3 x 3 running sums and the operands that they need fit 16 registers, 3 x 6 fit 32.
constexpr std::size_t kBatch = 3;
#ifdef __AVX512F__
constexpr std::size_t kWide = 2 * kBatch;
#else
constexpr std::size_t kWide = kBatch;
#endif

// Features worked on together: the operands of a block are 6 KiB then, those of a batch stay in the first-level cache.
constexpr std::size_t kMostFeatures = 768 / kLanes;

// Of one group of rows and of some features: operands are [blocks][features][kLanes], effects
// [blocks][blocks][kTileRows].
struct Panel {
  std::size_t blocks;
  std::size_t features;
  const float* residuals;
  const float* pulled;
  float* effects;
  bool first;  // effects hold no sums of other features yet
  bool last;   // and are complete after this

  [[nodiscard]] const float* residual(std::size_t block) const { return residuals + block * features * kLanes; }
  [[nodiscard]] const float* adjoint(std::size_t block) const { return pulled + block * features * kLanes; }
  [[nodiscard]] float* effect(std::size_t a, std::size_t b) const { return effects + (a * blocks + b) * kTileRows; }
};

// sums[i][j] += u_{a+i} . r_{b+j} - u_{b+j} . r_{a+i} over the panel's features.
template <std::size_t A, std::size_t B>
void cross(const Panel& panel, std::size_t a, std::size_t b, Lanes (&sums)[A][B]) {
  const std::size_t stride = panel.features * kLanes;
  const float* const ua = panel.adjoint(a);
  const float* const ra = panel.residual(a);
  const float* const ub = panel.adjoint(b);
  const float* const rb = panel.residual(b);
  for (std::size_t f = 0; f < stride; f += kLanes) {
    Lanes u[A];
    Lanes r[A];
    for (std::size_t i = 0; i < A; ++i) {
      u[i] = load(ua + i * stride + f);
      r[i] = load(ra + i * stride + f);
    }
    for (std::size_t j = 0; j < B; ++j) {
      const Lanes other_r = load(rb + j * stride + f);
      const Lanes other_u = load(ub + j * stride + f);
      for (std::size_t i = 0; i < A; ++i) {
        sums[i][j] += u[i] * other_r;
        sums[i][j] -= r[i] * other_u;
      }
    }
  }
}

// Effects of A blocks from a on with B blocks from b on.
template <std::size_t A, std::size_t B>
void add_batch(const Panel& panel, std::size_t a, std::size_t b) {
  Lanes sums[A][B];
  for (std::size_t i = 0; i < A; ++i) {
    for (std::size_t j = 0; j < B; ++j) sums[i][j] = panel.first ? Lanes{} : load(panel.effect(a + i, b + j));
  }
  cross(panel, a, b, sums);
  for (std::size_t i = 0; i < A; ++i) {
    for (std::size_t j = 0; j < B; ++j) {
      store(panel.effect(a + i, b + j), sums[i][j]);
      if (panel.last) store(panel.effect(b + j, a + i), -sums[i][j]);
    }
  }
}

// Effects of A blocks from a on with themselves and with all blocks behind them.
template <std::size_t A>
void add_row(const Panel& panel, std::size_t a) {
  add_batch<A, A>(panel, a, a);
  std::size_t b = a + A;
  for (; b + kWide <= panel.blocks; b += kWide) add_batch<A, kWide>(panel, a, b);
  for (; b + kBatch <= panel.blocks; b += kBatch) add_batch<A, kBatch>(panel, a, b);
  if (b + 2 == panel.blocks) add_batch<A, 2>(panel, a, b);
  if (b + 1 == panel.blocks) add_batch<A, 1>(panel, a, b);
}

// `features` of one group of rows from [blocks][width][kTileRows] to [blocks][features][kLanes].
void gather(const Panel& panel, std::size_t width, const float* from, float* to) {
  for (std::size_t block = 0; block < panel.blocks; ++block, from += width * kTileRows) {
    for (std::size_t f = 0; f < panel.features; ++f, to += kLanes) store(to, load(from + f * kTileRows));
  }
}

// Products of A tiles with B others, for one group of rows.
template <std::size_t A, std::size_t B>
void multiply_rows(const float* const* a, const float* const* b, std::size_t features, std::size_t stride,
                   float* products) {
  Lanes sums[A][B] = {};
  for (std::size_t f = 0; f < features * kTileRows; f += kTileRows) {
    Lanes x[A];
    for (std::size_t i = 0; i < A; ++i) x[i] = load(a[i] + f);
    for (std::size_t j = 0; j < B; ++j) {
      const Lanes y = load(b[j] + f);
      for (std::size_t i = 0; i < A; ++i) sums[i][j] += x[i] * y;
    }
  }
  for (std::size_t i = 0; i < A; ++i) {
    for (std::size_t j = 0; j < B; ++j) store(products + (i * stride + j) * kTileRows, sums[i][j]);
  }
}

// Of A tiles with all of `b`.
template <std::size_t A>
void multiply_rows_with(const float* const* a, std::span<const float* const> b, std::size_t features, std::size_t group,
                        float* products) {
  const auto batch = [&]<std::size_t B>(std::size_t j) {
    const float* x[A];
    const float* y[B];
    for (std::size_t i = 0; i < A; ++i) x[i] = a[i] + group;
    for (std::size_t i = 0; i < B; ++i) y[i] = b[j + i] + group;
    multiply_rows<A, B>(x, y, features, b.size(), products + j * kTileRows + group);
  };
  std::size_t j = 0;
  for (; j + kWide <= b.size(); j += kWide) batch.template operator()<kWide>(j);
  for (; j + kBatch <= b.size(); j += kBatch) batch.template operator()<kBatch>(j);
  for (; j < b.size(); ++j) batch.template operator()<1>(j);
}

Lanes total_change(const float* errors, const Lanes (&effect)[kGroups]) {
  Lanes total = {};
  for (std::size_t g = 0; g < kGroups; ++g) total += (2 * load(errors + g * kLanes) + effect[g]) * effect[g];
  return total;
}

#ifdef __AVX512F__
// The lower half of each group of 2 kHalf lanes of x, then of y, and its upper half, added up.
template <std::size_t kHalf, std::size_t... kLane>
Lanes fold(Lanes x, Lanes y, std::index_sequence<kLane...> /*lanes*/) {
  constexpr auto kLower = [](std::size_t lane) { return lane / kHalf * 2 * kHalf + lane % kHalf; };
  return __builtin_shufflevector(x, y, kLower(kLane)...) + __builtin_shufflevector(x, y, (kLower(kLane) + kHalf)...);
}

// Adds up kLanes vectors at once: lane i becomes the sum over vector i, pairwise, in a fixed order.
template <std::size_t kCount>
Lanes add_up(Lanes* vectors) {
  if constexpr (kCount == 1) {
    return vectors[0];
  } else {
    for (std::size_t i = 0; i < kCount / 2; ++i) {
      vectors[i] = fold<kCount / 2>(vectors[2 * i], vectors[2 * i + 1], std::make_index_sequence<kLanes>());
    }
    return add_up<kCount / 2>(vectors);
  }
}

constexpr std::size_t kTogether = kLanes;  // vectors whose sums are taken together
#else
template <std::size_t kCount>
Lanes add_up(const Lanes* vectors) {
  // Pairwise, in the same order. Shuffles of these processors are no faster than this.
  Lanes lanes = vectors[0];
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes;
}

constexpr std::size_t kTogether = 1;
#endif

// Sums over vectors that come one by one.
class Sums {
 public:
  // They are added to to[at], to[at + step], to[at + 2 step] and so on.
  Sums(double* to, std::size_t at, std::ptrdiff_t step) : to_(to), at_(static_cast<std::ptrdiff_t>(at)), step_(step) {}
  void add(Lanes vector) {
    waiting_[count_++] = vector;
    if (count_ == kTogether) flush();
  }
  void flush() {
    if (count_ == 0) return;
    const Lanes sums = add_up<kTogether>(waiting_);
    for (std::size_t i = 0; i < count_; ++i, at_ += step_) to_[at_] += sums[i];
    count_ = 0;
  }

 private:
  double* to_;
  std::ptrdiff_t at_;
  std::ptrdiff_t step_;
  std::size_t count_ = 0;
  Lanes waiting_[kTogether] = {};
};

}  // namespace

void pair_effects(std::size_t blocks, std::size_t width, const float* residuals, const float* pulled, float* effects,
                  TileBuffer& scratch) {
  const std::size_t panels = (width + kMostFeatures - 1) / kMostFeatures;
  const std::size_t most = (width + panels - 1) / panels;
  scratch.resize(2 * blocks * most * kLanes);
  float* const r = scratch.data();
  float* const u = r + blocks * most * kLanes;
  for (std::size_t f = 0; f < width; f += most) {
    const std::size_t features = std::min(most, width - f);
    for (std::size_t group = 0; group < kGroups; ++group) {
      const std::size_t at = f * kTileRows + group * kLanes;
      float* const of_group = effects + group * kLanes;
      const Panel panel{blocks, features, r, u, of_group, f == 0, f + features == width};
      gather(panel, width, residuals + at, r);
      gather(panel, width, pulled + at, u);
      std::size_t a = 0;
      for (; a + kBatch <= blocks; a += kBatch) add_row<kBatch>(panel, a);
      if (a + 2 == blocks) add_row<2>(panel, a);
      if (a + 1 == blocks) add_row<1>(panel, a);
    }
  }
}

void row_products(std::span<const float* const> a, std::span<const float* const> b, std::size_t features,
                  float* products) {
  for (std::size_t group = 0; group < kTileRows; group += kLanes) {
    std::size_t i = 0;
    const auto rest = [&] { return products + i * b.size() * kTileRows; };
    for (; i + kBatch <= a.size(); i += kBatch) multiply_rows_with<kBatch>(&a[i], b, features, group, rest());
    for (; i < a.size(); ++i) multiply_rows_with<1>(&a[i], b, features, group, rest());
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
  Sums behind(change, from - first + 1, 1);
  for (std::size_t to = from + 1; to <= last; ++to) {
    for (std::size_t g = 0; g < kGroups; ++g) effect[g] += effect_of(to, g);
    behind.add(total_change(errors, effect));
  }
  behind.flush();
  for (Lanes& lanes : effect) lanes = Lanes{};
  Sums before(change, from - first - 1, -1);
  for (std::size_t to = from; to-- > first;) {
    for (std::size_t g = 0; g < kGroups; ++g) effect[g] -= effect_of(to, g);
    before.add(total_change(errors, effect));
  }
  before.flush();
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
