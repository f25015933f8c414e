#include "cli/kernel_speed.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "cli/fma_peak.hpp"
#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "kernels/screen.hpp"

namespace kintsugi::cli {

namespace {

double thread_seconds_of(const std::function<void()>& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

constexpr std::size_t kMostPaired = 192;  // blocks whose effects on one tile stay in a cache

// The first-order model's kernels on one tile of made-up numbers.
class PairKernels {
 public:
  PairKernels(std::size_t blocks, std::size_t width)
      : blocks_(blocks),
        width_(width),
        operand_(blocks * width * kernels::kTileRows, 0.5F),
        effects_(blocks * blocks * kernels::kTileRows),
        errors_(kernels::kTileRows, 0.5F),
        order_(blocks),
        change_(blocks) {
    std::iota(order_.begin(), order_.end(), 0);
  }
  void take_effects() {
    kernels::pair_effects(blocks_, width_, operand_.data(), operand_.data(), effects_.data(), scratch_);
  }
  void screen() {
    for (std::size_t from = 0; from < blocks_; ++from) {
      kernels::insertion_changes(order_, from, 0, blocks_ - 1, effects_.data(), errors_.data(), change_.data());
    }
  }
  // Billions, as the model of --scale counts them.
  [[nodiscard]] double effect_operations() const { return pairs() * 2 * static_cast<double>(width_); }
  [[nodiscard]] double screen_operations() const { return pairs() * 5; }

 private:
  [[nodiscard]] double pairs() const { return static_cast<double>(blocks_ * blocks_ * kernels::kTileRows) / 1e9; }

  std::size_t blocks_;
  std::size_t width_;
  kernels::TileBuffer operand_, effects_, errors_, scratch_;
  std::vector<int> order_;
  std::vector<double> change_;
};

}  // namespace

KernelSpeed measure_kernels(const SharedWeights& weights, const Blocks& blocks, std::size_t paired, double seconds) {
  const std::size_t width = weights.roles().width;
  const kernels::BlockKernel kernel(width, weights.hidden(blocks.front().expand), weights.activation(),
                                    weights.form_of(blocks.front().expand));
  kernels::TileBuffer x(width * kernels::kTileRows);
  kernels::TileBuffer r(width * kernels::kTileRows);
  kernels::TileBuffer hidden(kernel.inner() * kernels::kTileRows);
  kernels::TileBuffer slope(kernel.slope_size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  const double operations = kernel.flops_per_row() * static_cast<double>(kernels::kTileRows * blocks.size()) / 1e9;
  const auto forward = [&] {
    for (const Block& block : blocks) kernel.residual(weights.block(block), x.data(), r.data(), hidden.data());
  };
  const auto adjoint = [&] {
    for (const Block& block : blocks) {
      kernel.pull_back(weights.block(block), slope.data(), x.data(), r.data(), hidden.data());
    }
  };
  kernel.residual_and_slope(weights.block(blocks.front()), x.data(), r.data(), hidden.data(), slope.data());
  PairKernels pair_kernels(std::min(paired, kMostPaired), width);

  constexpr double kRoundMilliseconds = 5;
  KernelSpeed best;
  const auto repeat = [](double billions, const std::function<void()>& work) {
    const double once = std::max(thread_seconds_of(work), 1e-9);
    const auto times = static_cast<std::size_t>(std::ceil(kRoundMilliseconds / 1e3 / once));
    const double spent = thread_seconds_of([&] {
      for (std::size_t i = 0; i < times; ++i) work();
    });
    return billions * static_cast<double>(times) / spent;
  };
  const Stopwatch stopwatch;
  do {
    best.peak = std::max(best.peak, measure_fma_peak(kRoundMilliseconds));
    best.forward = std::max(best.forward, repeat(operations, forward));
    best.adjoint = std::max(best.adjoint, repeat(operations, adjoint));
    best.pairs = std::max(best.pairs, repeat(pair_kernels.effect_operations(), [&] { pair_kernels.take_effects(); }));
    best.screen = std::max(best.screen, repeat(pair_kernels.screen_operations(), [&] { pair_kernels.screen(); }));
  } while (stopwatch.seconds() < seconds && !stop_heard());
  return best;
}

}  // namespace kintsugi::cli
