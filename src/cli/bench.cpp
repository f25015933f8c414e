// kintsugi bench: how fast the block kernel and exact evaluations are on this machine.

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>

#include "cli/bench_scale.hpp"
#include "cli/bench_suite.hpp"
#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/kernel_speed.hpp"
#include "cli/parameters_file.hpp"
#include "cli/signals.hpp"
#include "cli/solve_values.hpp"
#include "cli/start_option.hpp"
#include "cli/text.hpp"
#include "core/roles.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/evaluator.hpp"
#include "search/islands/topology.hpp"
#include "search/make_search.hpp"
#include "synth/planted.hpp"

namespace kintsugi::cli {

namespace {

double wall_seconds_of(const std::function<void()>& work) {
  const Stopwatch watch;
  work();
  return watch.seconds();
}

class BenchCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "bench"; }
  [[nodiscard]] std::string summary() const override { return "Measures kernels, solves of whole suites, and scaling"; }
  [[nodiscard]] std::string description() const override {
    return "Without more it measures, on a made-up network, the arithmetic of the block kernel against this core's "
           "peak, and exact evaluations per second. With --suite it solves problems and prints a table, with --scale "
           "it measures the parts of a solve beside a model, with --predict it asks the model alone.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"mpirun -np 4 kintsugi bench", "this machine"},
            {"kintsugi bench --suite problems --seeds 5 --format csv >suite.csv",
             "five solves of each problem in a folder"},
            {"kintsugi bench --predict 1024x1024x2048x100000x1000x64", "what a larger run would take"}};
  }
  [[nodiscard]] bool parallel() const override { return true; }
  void declare(OptionTable& options) override;
  [[nodiscard]] const Parameters* parameters() const override { return &suite_.options.parameters; }
  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  void run_scale(const mpi::Comm& world) const;
  void run_kernels(const mpi::Comm& world) const;
  void print_kernels(const mpi::Comm& world, const KernelSpeed& speed, double evaluations) const;

  /// Exact evaluations of the whole network on all rows, per second. Collective.
  [[nodiscard]] double measure_evaluations(const mpi::Comm& world, Evaluator& evaluator, const Blocks& blocks) const;

  int blocks_ = 48;
  int width_ = 48;
  int hidden_ = 96;
  int outputs_ = 1;
  int rows_ = 10000;
  Activation activation_ = Activation::relu;
  double seconds_ = 1;
  bool scale_ = false;
  int growth_ = 4;
  int sample_rows_ = 512;
  ScaleShape predict_;
  SuiteRun suite_;
};

void BenchCommand::declare(OptionTable& options) {
  options.option("blocks", "N", "blocks of the network", integer(blocks_, 1, kMostSize));
  options.option("width", "N", "of the state", integer(width_, 1, kMostSize));
  options.option("hidden", "N", "hidden size of every block", integer(hidden_, 1, kMostSize));
  options.option("outputs", "N", "predictions per row", integer(outputs_, 1, kMostSize));
  options.option("rows", "N", "rows of data", integer(rows_, 2));
  options.option("activation", "NAME", activation_names(), activation(activation_));
  options.option("seconds", "TIME", "to spend on each of the measurements", duration(seconds_));
  options.toggle(
      "scale",
      "measure the parts of a solve and its memory as blocks, width, rows and ranks grow, from the sizes above "
      "on, beside a model's figures",
      scale_);
  options.option("growth", "N",
                 "with --scale: up to N times the blocks, width and rows, in steps of two; 1: the sizes above only",
                 integer(growth_, 1));
  options.option("sample-rows", "N", "with --scale: rows of the search's sample", integer(sample_rows_, 1));
  options.option("predict", "LxDxHxNxP",
                 "what the model of --scale says of L blocks of width D, hidden size H, N rows, on P ranks (or "
                 "LxDxHxNxPxQ: Q a node); without --scale nothing but that",
                 scale_shape(predict_));
  options.option(
      "suite", "DIR",
      "solve every problem in this folder, problem files and folders of pieces with their table, and print a "
      "table; or one of either",
      input_path(suite_.folder));
  options.option("format", "KIND", "with --suite: table, csv, or json (one object per line)",
                 choice(suite_.format, {"table", "csv", "json"}));
  options.option("seeds", "N", "with --suite: solve each with so many seeds of the random numbers",
                 integer(suite_.seeds, 1));
  options.option("seed", "N", "with --suite: the first of them", unsigned_integer(suite_.options.seed));
  options.option("islands", "N", "with --suite, as for solve", islands(suite_.options.islands));
  options.option("topology", "NAME", "with --suite, as for solve", choice(suite_.options.topology, topology_names()));
  options.option("search", "NAME", "with --suite, as for solve", choice(suite_.options.search, search_names()));
  declare_start(options, "NAME", "with --suite, as for solve, files apart",
                choice(suite_.options.start, start_choices()));
  options.option("memory", "SIZE", "with --suite, as for solve", bytes(suite_.options.memory));
  declare_parameters(options, suite_.options.parameters);
  options.option("time-limit", "TIME", "with --suite: for each solve", duration(suite_.options.time_limit));
  options.option("max-evaluations", "N", "with --suite: for each solve",
                 integer(suite_.options.max_evaluations, std::int64_t{0}));
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
  note_signals();
  const mpi::Comm world = mpi::Comm::world();
  const mpi::SharedStop stop(world, stop_sources(world.root()));
  if (!suite_.folder.empty()) return bench_suite(world, suite_) ? ExitCode::success : ExitCode::not_solved;
  if (scale_ || predict_.blocks > 0) {
    run_scale(world);
  } else {
    run_kernels(world);
  }
  return ExitCode::success;
}

void BenchCommand::run_scale(const mpi::Comm& world) const {
  const ScaleShape base{.blocks = static_cast<std::size_t>(blocks_),
                        .width = static_cast<std::size_t>(width_),
                        .hidden = static_cast<std::size_t>(hidden_),
                        .outputs = static_cast<std::size_t>(outputs_),
                        .rows = static_cast<std::size_t>(rows_),
                        .sample_rows = static_cast<std::size_t>(sample_rows_)};
  bench_scale(world, {.base = base,
                      .activation = activation_,
                      .measured = scale_,
                      .growth = static_cast<std::size_t>(growth_),
                      .seconds = seconds_,
                      .predict = predict_});
}

void BenchCommand::run_kernels(const mpi::Comm& world) const {
  PlantedOptions planted;
  planted.blocks = static_cast<std::size_t>(blocks_);
  planted.width = static_cast<std::size_t>(width_);
  planted.hidden = {static_cast<std::size_t>(hidden_)};
  planted.outputs = static_cast<std::size_t>(outputs_);
  planted.rows = static_cast<std::size_t>(rows_);
  planted.activation = activation_;
  planted.pair_signal = 0;  // the speed does not depend on it, and any shape can do without
  SyntheticProblem problem;
  world.agree([&] { problem = plant_network(planted); });
  const SharedWeights weights(world, problem.network, roles_of(problem.truth, problem.rows.shape));
  MemoryRows rows(std::make_shared<const Rows>(std::move(problem.rows)));
  Evaluator evaluator(world, weights, rows, choose_grid(world.size(), 0, 0, (planted.rows + 31) / 32));

  const KernelSpeed speed = measure_kernels(weights, problem.truth.blocks, planted.blocks, seconds_);
  mpi::stop_together(world);
  const double evaluations = measure_evaluations(world, evaluator, problem.truth.blocks);
  if (world.root()) print_kernels(world, speed, evaluations);
}

void BenchCommand::print_kernels(const mpi::Comm& world, const KernelSpeed& speed, double evaluations) const {
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
  table.add({"pairs of blocks", format("%.1f", speed.pairs), share(speed.pairs)});
  table.add({"screen of insertions", format("%.1f", speed.screen), share(speed.screen)});
  table.print(std::cout);
  std::cout << format(
                   "\nAll ranks together\n  %.2f exact evaluations of the whole network on all rows per second, %.1f "
                   "GFLOP/s\n\n",
                   evaluations, evaluations * operations)
            << format(
                   "RESULT ranks=%d peak_gflops=%.4g forward_gflops=%.4g adjoint_gflops=%.4g pairs_gflops=%.4g "
                   "screen_gflops=%.4g "
                   "evaluations_per_second=%.6g\n",
                   world.size(), speed.peak, speed.forward, speed.adjoint, speed.pairs, speed.screen, evaluations);
}

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace kintsugi::cli
