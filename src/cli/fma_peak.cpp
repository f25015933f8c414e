#include "cli/fma_peak.hpp"

#include <cstddef>
#include <ctime>

namespace kintsugi::cli {

namespace {

// More chains than latency times throughput of any current core (4 to 5 cycles, 2 a cycle), and few enough for 16
// registers.
constexpr std::size_t kChains = 12;
constexpr std::size_t kRounds = 20000;

template <std::size_t bytes>
struct Vector {
  using Type [[gnu::vector_size(bytes)]] = float;
};

/// Keeps a value in a register and the compiler from knowing it.
template <class V>
[[gnu::always_inline]] inline void hide(V& value) {
#if defined(__x86_64__)
  asm volatile("" : "+v"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}

template <class V, std::size_t... chain>
[[gnu::always_inline]] inline void multiply_add(std::index_sequence<chain...>) {
  V sums[kChains] = {(V{} + static_cast<float>(chain))...};
  V factor = V{} + 0.5F;
  V addend = V{} + 1.0F;
  hide(factor);
  hide(addend);
  for (std::size_t round = 0; round < kRounds; ++round) {
    ((sums[chain] = sums[chain] * factor + addend, hide(sums[chain])), ...);
  }
}

// The same loop, each time with the instructions and the register width that its name says.
#if defined(__x86_64__)
[[gnu::target("avx512f,fma")]] void run_avx512() {
  multiply_add<Vector<64>::Type>(std::make_index_sequence<kChains>{});
}
[[gnu::target("avx2,fma")]] void run_avx2() { multiply_add<Vector<32>::Type>(std::make_index_sequence<kChains>{}); }
#endif
void run_plain() { multiply_add<Vector<16>::Type>(std::make_index_sequence<kChains>{}); }

struct Loop {
  void (*run)();
  std::size_t floats;
};

Loop widest_loop() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {run_avx512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {run_avx2, 8};
#endif
  return {run_plain, 4};
}

}  // namespace

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double measure_fma_peak(double milliseconds) {
  const Loop loop = widest_loop();
  const double start = thread_seconds();
  double operations = 0;
  double seconds = 0;
  while (seconds * 1e3 < milliseconds) {
    loop.run();
    operations += 2.0 * kRounds * kChains * static_cast<double>(loop.floats);
    seconds = thread_seconds() - start;
  }
  return operations / seconds / 1e9;
}

}  // namespace kintsugi::cli
