// One shape of `kintsugi bench --scale`: a made-up network, the parts of a solve in turn, and the rates of its kernels.

#include "cli/scale_case.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "cli/fma_peak.hpp"
#include "cli/kernel_speed.hpp"
#include "cli/memory.hpp"
#include "core/random.hpp"
#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/parameters.hpp"
#include "mpi/shared_stop.hpp"
#include "objective/effect_table.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "objective/model_walk.hpp"
#include "pairing/pairing.hpp"
#include "seeding/seeding.hpp"

namespace kintsugi::cli {

namespace {

using kernels::kTileRows;

/// Values that are the same for every reader and take no memory.
class MadeRows final : public RowSource {
 public:
  explicit MadeRows(const ScaleShape& shape) : shape_{shape.rows, shape.width, shape.outputs} {}
  [[nodiscard]] RowShape shape() const override { return shape_; }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    for (std::size_t i = 0; i < count; ++i) {
      Random random(1, first + i);
      const auto fill = [&](std::span<float> row) {
        for (float& value : row) value = static_cast<float>(2 * random.uniform() - 1);
      };
      fill(inputs.subspan(i * shape_.width, shape_.width));
      fill(predictions.subspan(i * shape_.outputs, shape_.outputs));
    }
  }

 private:
  RowShape shape_;
};

/// Blocks whose compress piece is the expand piece transposed and turned round, with some zeros: they pair clearly,
/// states keep their size, and the starts' orders differ.
Network made_network(const ScaleShape& shape, Activation activation) {
  Network network;
  network.activation = activation;
  const auto add = [&](std::size_t out, std::size_t in) -> std::vector<float>& {
    network.pieces.push_back({static_cast<int>(network.pieces.size()), out, in, {}, {}, "made up"});
    network.pieces.back().bias.assign(out, 0.01F);
    network.pieces.back().weight.resize(out * in);
    return network.pieces.back().weight;
  };
  const double scale = 1 / std::sqrt(static_cast<double>(shape.width));
  for (std::size_t b = 0; b < shape.blocks; ++b) {
    Random random(2, b);
    const double size = scale * (1 + random.uniform());
    std::vector<float> expand(shape.hidden * shape.width);
    for (float& value : expand) value = static_cast<float>(size * (2 * random.uniform() - 1));
    const auto factor = static_cast<float>(-0.1 * (1 + random.uniform()) / static_cast<double>(shape.blocks));
    const double share = 0.5 + 0.5 * random.uniform();
    std::vector<float>& compress = add(shape.width, shape.hidden);
    for (std::size_t i = 0; i < shape.hidden; ++i) {
      for (std::size_t j = 0; j < shape.width; ++j) {
        if (random.uniform() < share) compress[j * shape.hidden + i] = factor * expand[i * shape.width + j];
      }
    }
    add(shape.hidden, shape.width) = std::move(expand);
    std::swap(network.pieces[2 * b], network.pieces[2 * b + 1]);
  }
  std::ranges::fill(add(shape.outputs, shape.width), static_cast<float>(scale));
  for (std::size_t p = 0; p < network.pieces.size(); ++p) network.pieces[p].index = static_cast<int>(p);
  return network;
}

Roles made_roles(const ScaleShape& shape) {
  Roles roles;
  for (std::size_t b = 0; b < shape.blocks; ++b) {
    roles.expand.push_back(static_cast<int>(2 * b));
    roles.compress.push_back(static_cast<int>(2 * b + 1));
  }
  roles.head = static_cast<int>(2 * shape.blocks);
  roles.width = shape.width;
  roles.outputs = shape.outputs;
  return roles;
}

/// Gives back what earlier work left, and starts the count of the peak anew.
double begin_memory_count() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  std::ofstream("/proc/self/clear_refs") << "5";
  return memory_figure("VmRSS:");
}

/// What each rank has, on all ranks.
std::vector<double> gather(const mpi::Comm& comm, double bytes) {
  const auto own = static_cast<std::int64_t>(bytes);
  const std::vector<std::int64_t> all = comm.gather_all(std::span(&own, 1));
  return {all.begin(), all.end()};
}

/// Processor time of the slowest rank, the best of as many turns as fit into `seconds` of wall time, at least one.
/// Unlike wall time it stands still while other programs have the core; waiting for other ranks counts.
double time_of(const mpi::Comm& comm, double seconds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  double spent = 0;
  do {
    comm.barrier();
    const Stopwatch stopwatch;
    const double start = thread_seconds();
    work();
    double turn[] = {thread_seconds() - start, stopwatch.seconds()};
    comm.max(turn);
    best = std::min(best, turn[0]);
    spent += turn[1];
    mpi::stop_together(comm);
  } while (spent < seconds);
  return best;
}

/// The same of this rank alone.
double best_time(double seconds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  const Stopwatch stopwatch;
  do {
    const double start = thread_seconds();
    work();
    best = std::min(best, thread_seconds() - start);
  } while (stopwatch.seconds() < seconds && !stop_heard());
  return best;
}

double measure_bandwidth(double seconds) {
  const kernels::TileBuffer memory(std::size_t{1} << 24, 1.0F);
  constexpr std::size_t kLanes = 64;
  float sums[kLanes] = {};
  const double best = best_time(seconds, [&] {
    for (std::size_t i = 0; i < memory.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += memory[i + lane];
    }
  });
  // The sum is finite whatever it is; asking keeps the loop.
  return std::isfinite(sums[0]) ? static_cast<double>(memory.size() * sizeof(float)) / best : 0;
}

void measure_messages(const mpi::Comm& comm, double seconds, MachineRates& rates) {
  if (comm.size() == 1) return;
  constexpr int kMessages = 50;
  constexpr std::size_t kLong = std::size_t{1} << 17;
  std::vector<std::int64_t> values(kLong, 0);
  const double once = time_of(comm, seconds / 2,
                              [&] {
                                for (int i = 0; i < kMessages; ++i) comm.sum(std::span(values).first(7));
                              }) /
                      kMessages;
  const double whole = time_of(comm, seconds / 2, [&] { comm.sum(values); });
  rates.latency = once / static_cast<double>(std::bit_width(static_cast<unsigned>(comm.size() - 1)));
  rates.link = 2 * static_cast<double>(kLong * sizeof(std::int64_t)) / std::max(whole - once, 1e-9);
}

MachineRates rates_of(const mpi::Comm& comm, const ScaleShape& shape, const SharedWeights& weights,
                      const Blocks& blocks, double seconds) {
  MachineRates rates;
  comm.barrier();
  const KernelSpeed speed = measure_kernels(weights, blocks, shape.blocks, seconds / 2);
  rates.products = 2e9 / (1 / speed.forward + 1 / speed.adjoint);
  rates.effects = 1e9 * speed.pairs;
  rates.screens = 1e9 * speed.screen;
  rates.bandwidth = measure_bandwidth(seconds / 4);
  measure_messages(comm, seconds / 8, rates);
  return rates;
}

}  // namespace

ScaleCase measure_scale_case(const mpi::Comm& comm, const ScaleShape& shape, Activation activation, double seconds) {
  const kernels::FlushDenormals flushed;
  ScaleCase result{.shape = shape, .rates = {}, .seconds = {}, .before = {}, .peak = {}};
  const double before = begin_memory_count();
  const Network network = comm.root() ? made_network(shape, activation) : Network();
  const Roles roles = made_roles(shape);

  result.seconds.push_back(time_of(comm, seconds, [&] {
    comm.agree([&] {
      if (comm.root()) (void)pair_pieces(network, roles, "auto");
    });
  }));
  Blocks blocks;
  for (std::size_t b = 0; b < shape.blocks; ++b) blocks.push_back({roles.expand[b], roles.compress[b]});
  CompressNorms norms;
  if (comm.root()) norms = compress_norms(network, blocks);

  const SharedWeights weights(comm, network, roles);
  MadeRows rows(shape);
  const std::size_t all = (shape.rows + kTileRows - 1) / kTileRows;
  Evaluator evaluator(comm, weights, rows, choose_grid(comm.size(), 0, 0, all));
  LinearModel model(evaluator);
  const std::size_t tiles = evaluator.rows().tiles_for(shape.sample_rows);
  const std::size_t seeding = evaluator.rows().tiles_for(static_cast<std::size_t>(PreparationParameters().start_rows));
  result.seconds.push_back(time_of(comm, seconds, [&] {
    const SharedSample sample(evaluator, seeding);
    (void)make_start_orders(evaluator, blocks, norms, "auto", 1, sample);
  }));
  result.seconds.push_back(time_of(comm, seconds, [&] { (void)model.linearise(blocks, tiles); }));
  result.seconds.push_back(time_of(comm, seconds, [&] { (void)model.screen(shape.blocks - 1); }));
  result.seconds.push_back(time_of(comm, seconds, [&] { (void)evaluator.error(blocks, tiles); }));
  EffectTable table;
  result.seconds.push_back(time_of(comm, seconds, [&] {
    table.gather(model, MemoryBudget{}.table);
    ModelWalk walk(table, Random(1));
    const auto moves = static_cast<std::size_t>(AnnealingParameters().moves_per_block) * shape.blocks;
    walk.run(static_cast<int>(moves), model.base_error() / static_cast<double>(shape.blocks),
             std::numeric_limits<double>::infinity());
  }));
  result.seconds.push_back(time_of(comm, seconds, [&] { (void)evaluator.check(blocks); }));

  const double peak = memory_figure("VmHWM:");
  result.before = gather(comm, before);
  result.peak = gather(comm, peak);
  result.rates = rates_of(comm, shape, weights, blocks, seconds);
  return result;
}

MachineRates measure_rates(const mpi::Comm& comm, const ScaleShape& shape, Activation activation, double seconds) {
  const kernels::FlushDenormals flushed;
  ScaleShape part = shape;
  part.blocks = std::min<std::size_t>(shape.blocks, 8);
  part.outputs = 1;
  const Network network = comm.root() ? made_network(part, activation) : Network();
  const SharedWeights weights(comm, network, made_roles(part));
  Blocks blocks;
  for (std::size_t b = 0; b < part.blocks; ++b)
    blocks.push_back({static_cast<int>(2 * b), static_cast<int>(2 * b + 1)});
  return rates_of(comm, shape, weights, blocks, seconds);
}

}  // namespace kintsugi::cli
