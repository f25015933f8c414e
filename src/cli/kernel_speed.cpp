#include "cli/kernel_speed.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "cli/fma_peak.hpp"
#include "core/stop.hpp"
#include "core/stopwatch.hpp"

namespace kintsugi::cli {

namespace {

double thread_seconds_of(const std::function<void()>& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

}  // namespace

KernelSpeed measure_kernels(const SharedWeights& weights, const Blocks& blocks, double seconds) {
  const std::size_t width = weights.roles().width;
  const kernels::BlockKernel kernel(width, weights.hidden(blocks.front().expand), weights.activation(), weights.form());
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

  constexpr double kRoundMilliseconds = 5;
  KernelSpeed best;
  const auto repeat = [&](const std::function<void()>& work) {
    const double once = std::max(thread_seconds_of(work), 1e-9);
    const auto times = static_cast<std::size_t>(std::ceil(kRoundMilliseconds / 1e3 / once));
    const double spent = thread_seconds_of([&] {
      for (std::size_t i = 0; i < times; ++i) work();
    });
    return operations * static_cast<double>(times) / spent;
  };
  const Stopwatch stopwatch;
  do {
    best.peak = std::max(best.peak, measure_fma_peak(kRoundMilliseconds));
    best.forward = std::max(best.forward, repeat(forward));
    best.adjoint = std::max(best.adjoint, repeat(adjoint));
  } while (stopwatch.seconds() < seconds && !stop_heard());
  return best;
}

}  // namespace kintsugi::cli
