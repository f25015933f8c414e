// kintsugi bench: how fast the block kernel and exact evaluations are on this machine.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/fma_peak.hpp"
#include "cli/text.hpp"
#include "kintsugi/kernels/flush_denormals.hpp"
#include "kintsugi/objective/evaluator.hpp"
#include "kintsugi/synth/planted.hpp"

namespace kintsugi::cli {

namespace {

using Clock = std::chrono::steady_clock;

double thread_seconds_of(const std::function<void()>& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

double wall_seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Roles roles_of(const SyntheticProblem& problem) {
  Roles roles;
  for (const Block& block : problem.truth.blocks) {
    roles.expand.push_back(block.expand);
    roles.compress.push_back(block.compress);
  }
  std::ranges::sort(roles.expand);
  std::ranges::sort(roles.compress);
  roles.head = problem.truth.head;
  roles.width = problem.rows.shape.width;
  roles.outputs = problem.rows.shape.outputs;
  return roles;
}

/// GFLOP/s of one core: the best of several short rounds, in which the three take turns so that all see the same clock
/// frequency and the same neighbours.
struct KernelSpeed {
  double peak = 0;
  double forward = 0;
  double adjoint = 0;
};

class BenchCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "bench"; }
  [[nodiscard]] std::string summary() const override {
    return "Measures the block kernel and exact evaluations on a made-up network";
  }
  [[nodiscard]] bool parallel() const override { return true; }
  void declare(OptionTable& options) override;
  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  [[nodiscard]] KernelSpeed measure_kernels(const SharedWeights& weights, const Assembly& assembly) const;
  /// Exact evaluations of the whole network on all rows, per second. Collective.
  [[nodiscard]] double measure_evaluations(const mpi::Comm& world, Evaluator& evaluator, const Blocks& blocks) const;

  int blocks_ = 48;
  int width_ = 48;
  int hidden_ = 96;
  int outputs_ = 1;
  int rows_ = 10000;
  Activation activation_ = Activation::relu;
  double seconds_ = 1;
};

void BenchCommand::declare(OptionTable& options) {
  options.option("blocks", "N", "blocks of the network", integer(blocks_, 1));
  options.option("width", "N", "of the state", integer(width_, 1));
  options.option("hidden", "N", "hidden size of every block", integer(hidden_, 1));
  options.option("outputs", "N", "predictions per row", integer(outputs_, 1));
  options.option("rows", "N", "rows of data", integer(rows_, 2));
  options.option("activation", "NAME", activation_names(), activation(activation_));
  options.option("seconds", "TIME", "to spend on each of the two measurements", duration(seconds_));
}

KernelSpeed BenchCommand::measure_kernels(const SharedWeights& weights, const Assembly& assembly) const {
  const auto width = static_cast<std::size_t>(width_);
  const auto hidden_size = static_cast<std::size_t>(hidden_);
  const kernels::BlockKernel kernel(width, hidden_size, weights.activation());
  kernels::TileBuffer x(width * kernels::kTileRows);
  kernels::TileBuffer r(width * kernels::kTileRows);
  kernels::TileBuffer hidden(hidden_size * kernels::kTileRows);
  kernels::TileBuffer slope(hidden_size * kernels::kTileRows);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  const double operations =
      kernel.flops_per_row() * static_cast<double>(kernels::kTileRows * assembly.blocks.size()) / 1e9;
  const auto forward = [&] {
    for (const Block& block : assembly.blocks) kernel.residual(weights.block(block), x.data(), r.data(), hidden.data());
  };
  const auto adjoint = [&] {
    for (const Block& block : assembly.blocks) {
      kernel.pull_back(weights.block(block), slope.data(), x.data(), r.data(), hidden.data());
    }
  };
  kernel.residual_and_slope(weights.block(assembly.blocks[0]), x.data(), r.data(), hidden.data(), slope.data());

  constexpr double kRoundMilliseconds = 5;
  KernelSpeed best;
  const auto repeat = [&](const std::function<void()>& work) {
    const double once = std::max(thread_seconds_of(work), 1e-9);
    const auto times = static_cast<std::size_t>(std::ceil(kRoundMilliseconds / 1e3 / once));
    const double seconds = thread_seconds_of([&] {
      for (std::size_t i = 0; i < times; ++i) work();
    });
    return operations * static_cast<double>(times) / seconds;
  };
  const auto end = Clock::now() + std::chrono::duration<double>(seconds_);
  do {
    best.peak = std::max(best.peak, measure_fma_peak(kRoundMilliseconds));
    best.forward = std::max(best.forward, repeat(forward));
    best.adjoint = std::max(best.adjoint, repeat(adjoint));
  } while (Clock::now() < end);
  return best;
}

double BenchCommand::measure_evaluations(const mpi::Comm& world, Evaluator& evaluator, const Blocks& blocks) const {
  const std::size_t tiles = evaluator.rows().tiles();
  double sink = evaluator.error(blocks, tiles);
  const auto slowest = [&](double seconds) {
    world.max(std::span(&seconds, 1));
    return seconds;
  };
  world.barrier();
  const double once = slowest(wall_seconds_of([&] { sink += evaluator.error(blocks, tiles); }));
  const auto times = static_cast<std::size_t>(std::ceil(seconds_ / std::max(once, 1e-9)));
  world.barrier();
  const double seconds = slowest(wall_seconds_of([&] {
    for (std::size_t i = 0; i < times; ++i) sink += evaluator.error(blocks, tiles);
  }));
  return static_cast<double>(times) / seconds;
}

ExitCode BenchCommand::run(const Settings&) {
  const kernels::FlushDenormals flushed;
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions planted;
  planted.blocks = static_cast<std::size_t>(blocks_);
  planted.width = static_cast<std::size_t>(width_);
  planted.hidden = {static_cast<std::size_t>(hidden_)};
  planted.outputs = static_cast<std::size_t>(outputs_);
  planted.rows = static_cast<std::size_t>(rows_);
  planted.activation = activation_;
  planted.pair_signal = 0;  // the speed does not depend on it, and any shape can do without
  SyntheticProblem problem = plant(planted);
  const SharedWeights weights(world, problem.network, roles_of(problem));
  MemoryRows rows(std::make_shared<const Rows>(std::move(problem.rows)));
  Evaluator evaluator(world, weights, rows, choose_grid(world.size(), 0, 0, (planted.rows + 31) / 32));

  const KernelSpeed speed = measure_kernels(weights, problem.truth);
  const double evaluations = measure_evaluations(world, evaluator, problem.truth.blocks);
  if (!world.root()) return ExitCode::success;
  const double products = 4.0 * width_ * hidden_ * blocks_ + 2.0 * width_ * outputs_;
  const double operations = 1e-9 * rows_ * products;
  const auto share = [&](double value) { return format("%.1f %%", 100 * value / speed.peak); };
  std::cout << "build        " << build_description() << ", products by " << kernels::to_string(kernels::gemm_backend())
            << '\n'
            << "host         " << host_name() << ", " << count_of(static_cast<std::size_t>(world.size()), "rank")
            << '\n'
            << format("network      %d blocks of %d x %d, outputs %d, %d rows, %s\n\n", blocks_, width_, hidden_,
                      outputs_, rows_, to_string(activation_).data());
  std::cout << "One core, on rank 0 while the other ranks do the same\n";
  TextTable table({"", "GFLOP/s", "of the peak"});
  table.add({"multiply-adds on registers", format("%.1f", speed.peak), ""});
  table.add({"block forward", format("%.1f", speed.forward), share(speed.forward)});
  table.add({"block adjoint", format("%.1f", speed.adjoint), share(speed.adjoint)});
  table.print(std::cout);
  std::cout
      << format(
             "\nAll ranks together\n  %.2f exact evaluations of the whole network on all rows per second, %.1f "
             "GFLOP/s\n\n",
             evaluations, evaluations * operations)
      << format(
             "RESULT ranks=%d peak_gflops=%.4g forward_gflops=%.4g adjoint_gflops=%.4g evaluations_per_second=%.6g\n",
             world.size(), speed.peak, speed.forward, speed.adjoint, evaluations);
  return ExitCode::success;
}

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace kintsugi::cli
