// kintsugi bench --scale: the parts of a solve on made-up networks of growing size, beside the model's figures.

#include "cli/bench_scale.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "cli/build_info.hpp"
#include "cli/scale_case.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

// Screens for each linearisation, as solves of the real puzzle and of planted networks had them: 1.9 to 2.3.
constexpr double kScreensPerStep = 2;
// The network between nodes that predictions assume: a message, and a node's link.
constexpr double kClusterLatency = 2e-6;
constexpr double kClusterLink = 10e9;

std::string describe(const ScaleShape& s) { return format("%zu x %zu x %zu", s.blocks, s.width, s.hidden); }

std::vector<ScaleShape> shapes_to_measure(const ScaleShape& base, std::size_t ranks, std::size_t growth) {
  std::vector<ScaleShape> shapes;
  const auto add = [&](ScaleShape shape, std::size_t on) {
    shape.ranks = shape.ranks_per_node = on;
    shapes.push_back(shape);
  };
  for (std::size_t on = 1; on < ranks; on *= 2) add(base, on);
  add(base, ranks);
  for (std::size_t factor = 2; factor <= growth; factor *= 2) {
    ScaleShape shape = base;
    shape.blocks *= factor;
    add(shape, ranks);
  }
  for (std::size_t factor = 2; factor <= growth; factor *= 2) {
    ScaleShape shape = base;
    shape.width *= factor;
    shape.hidden *= factor;
    add(shape, ranks);
  }
  for (std::size_t factor = 2; factor <= growth; factor *= 2) {
    ScaleShape shape = base;
    shape.rows *= factor;
    add(shape, ranks);
  }
  return shapes;
}

std::string duration_of(double seconds) {
  if (seconds < 1) return format("%.3g ms", 1e3 * seconds);
  if (seconds < 600) return format("%.3g s", seconds);
  return seconds < 36000 ? format("%.3g min", seconds / 60) : format("%.3g h", seconds / 3600);
}

void print_times(const std::vector<ScaleCase>& cases) {
  std::cout << "\nProcessor time of the slowest rank in ms, and measured / modelled; pairing is\nrank 0's alone\n";
  std::vector<std::string> header{"blocks x width x hidden", "rows", "ranks"};
  for (const PhaseCost& phase : model_phases(cases.front().shape)) header.emplace_back(phase.name);
  TextTable table(header);
  for (const ScaleCase& each : cases) {
    std::vector<std::string> cells{describe(each.shape), std::to_string(each.shape.rows),
                                   std::to_string(each.shape.ranks)};
    const std::vector<PhaseCost> phases = model_phases(each.shape);
    for (std::size_t i = 0; i < phases.size(); ++i) {
      cells.push_back(format("%.3g (%.2f)", 1e3 * each.seconds[i],
                             each.seconds[i] / modelled_seconds(phases[i], each.shape, each.rates)));
    }
    table.add(cells);
  }
  table.print_within(std::cout, screen_of_output().columns, 3);
}

/// Measured over modelled peak of a rank.
double memory_ratio(const ScaleCase& each, std::size_t rank) {
  const MemoryModel model = model_memory(each.shape);
  return each.peak[rank] / (each.before[rank] + (rank == 0 ? model.root_peak : model.rank_peak));
}

void print_memory(const std::vector<ScaleCase>& cases) {
  std::cout << "\nMemory in MB; peak: the largest resident memory of rank 0 and of the fullest\n"
               "other rank, shared memory included, and measured / modelled (the model starts\n"
               "from what the process held before)\n";
  TextTable table({"blocks x width x hidden", "rows", "ranks", "weights/node", "rows/rank", "rank 0", "others"});
  for (const ScaleCase& each : cases) {
    const MemoryModel model = model_memory(each.shape);
    std::string others;
    if (each.shape.ranks > 1) {
      const auto fullest =
          static_cast<std::size_t>(std::max_element(each.peak.begin() + 1, each.peak.end()) - each.peak.begin());
      others = format("%.1f (%.2f)", each.peak[fullest] / 1e6, memory_ratio(each, fullest));
    }
    const std::size_t rows = std::min(each.shape.rows, 32 * busiest_tiles(each.shape.rows, each.shape.ranks));
    table.add({describe(each.shape), std::to_string(each.shape.rows), std::to_string(each.shape.ranks),
               format("%.1f", model.node / 1e6), std::to_string(rows),
               format("%.1f (%.2f)", each.peak[0] / 1e6, memory_ratio(each, 0)), others});
  }
  table.print_within(std::cout, screen_of_output().columns, 3);
}

void print_result(const std::vector<ScaleCase>& cases) {
  // Phases below a tenth of a millisecond say more about the clock than about the model.
  constexpr double kShortest = 1e-4;
  double lowest = 1e300;
  double highest = 0;
  double memory = 0;
  for (const ScaleCase& each : cases) {
    const std::vector<PhaseCost> phases = model_phases(each.shape);
    for (std::size_t i = 0; i < phases.size(); ++i) {
      if (each.seconds[i] < kShortest) continue;
      const double ratio = each.seconds[i] / modelled_seconds(phases[i], each.shape, each.rates);
      lowest = std::min(lowest, ratio);
      highest = std::max(highest, ratio);
    }
    for (std::size_t rank = 0; rank < each.peak.size(); ++rank) memory = std::max(memory, memory_ratio(each, rank));
  }
  if (highest == 0) lowest = 0;  // nothing took long enough
  std::cout << format("\nRESULT cases=%zu lowest_time_ratio=%.3f highest_time_ratio=%.3f highest_memory_ratio=%.3f\n",
                      cases.size(), lowest, highest, memory);
}

void print_prediction(const ScaleShape& shape, const MachineRates& rates) {
  std::cout << format(
      "\nBy the model: %zu blocks of width %zu, hidden %zu, %zu rows, sample of %zu,\n"
      "on %zu ranks, %zu a node, with this machine's cores (block products\n"
      "%.1f GFLOP/s at this shape, memory %.1f GB/s) and a network of\n"
      "%.1f us a message and %.0f GB/s\n",
      shape.blocks, shape.width, shape.hidden, shape.rows, std::min(shape.sample_rows, shape.rows), shape.ranks,
      shape.ranks_per_node, rates.products / 1e9, rates.bandwidth / 1e9, 1e6 * kClusterLatency, kClusterLink / 1e9);
  TextTable table({"", "GFLOP, busiest rank", "all-reduces", "MB, all-reduced", "time"});
  double step = 0;
  for (const PhaseCost& phase : model_phases(shape)) {
    const double seconds = modelled_seconds(phase, shape, rates);
    table.add({std::string(phase.name),
               format("%.4g", (phase.product_flops + phase.effect_flops + phase.screen_flops) / 1e9),
               format("%.0f", phase.collectives), format("%.3g", phase.collective_bytes / 1e6), duration_of(seconds)});
    if (phase.name == "linearise" || phase.name == "evaluation") step += seconds;
    if (phase.name == "screen") step += kScreensPerStep * seconds;
  }
  table.print(std::cout);
  const MemoryModel memory = model_memory(shape);
  const auto per_node = static_cast<double>(shape.ranks_per_node);
  std::cout << format(
      "  a step of the search (linearise, %.0f screens, evaluation): %s\n"
      "  memory: weights %.1f GB a node, %.2f GB a rank besides;\n"
      "    the first node %.1f GB, another %.1f GB\n"
      "  largest resident memory, shared weights included: rank 0 %.2f GB,\n"
      "    another rank %.2f GB\n",
      kScreensPerStep, duration_of(step).c_str(), memory.node / 1e9, memory.rank / 1e9,
      (memory.node + memory.root + per_node * memory.rank) / 1e9, (memory.node + per_node * memory.rank) / 1e9,
      memory.root_peak / 1e9, memory.rank_peak / 1e9);
}

}  // namespace

Value scale_shape(ScaleShape& target) {
  return {
      "", [&target](const std::string& given) {
        std::vector<std::size_t> numbers;
        std::istringstream text(given);
        std::string number;
        try {
          while (std::getline(text, number, 'x')) {
            numbers.push_back(static_cast<std::size_t>(parse_integer(number, 1, std::int64_t{1} << 31)));
          }
          if (numbers.size() != 5 && numbers.size() != 6) throw UsageError("wrong number of sizes");
        } catch (const UsageError&) {
          throw UsageError(
              "expected blocks x width x hidden x rows x ranks (x ranks per node), such as 1024x256x512x20000x64x32, "
              "got '" +
              given + "'");
        }
        target.blocks = numbers[0];
        target.width = numbers[1];
        target.hidden = numbers[2];
        target.rows = numbers[3];
        target.ranks = numbers[4];
        target.ranks_per_node = std::min(numbers.back(), numbers[4]);
      }};
}

void bench_scale(const mpi::Comm& world, const ScaleRun& run) {
  // What the program and MPI load when they are first used is not to count as the first shape's.
  constexpr ScaleShape kFirst{.blocks = 4, .width = 16, .hidden = 16, .rows = 256, .sample_rows = 128};
  (void)measure_scale_case(world, kFirst, run.activation, 0);
  std::vector<ScaleCase> cases;
  std::vector<ScaleShape> shapes;
  if (run.measured) shapes = shapes_to_measure(run.base, static_cast<std::size_t>(world.size()), run.growth);
  for (const ScaleShape& shape : shapes) {
    const bool takes_part = world.rank() < static_cast<int>(shape.ranks);
    const mpi::Comm comm = world.split(takes_part ? 0 : 1);
    world.agree([&] {
      if (takes_part) cases.push_back(measure_scale_case(comm, shape, run.activation, run.seconds));
    });
  }
  MachineRates rates;
  if (run.predict.blocks > 0) rates = measure_rates(world, run.predict, run.activation, run.seconds);
  if (!world.root()) return;
  std::cout << "build        " << build_description() << '\n'
            << "host         " << host_name() << ", " << count_of(static_cast<std::size_t>(world.size()), "rank")
            << '\n'
            << "sample       " << run.base.sample_rows << " rows\n";
  if (run.measured) {
    print_times(cases);
    print_memory(cases);
  }
  if (run.predict.blocks > 0) {
    ScaleShape shape = run.predict;
    shape.outputs = run.base.outputs;
    shape.sample_rows = run.base.sample_rows;
    rates.latency = kClusterLatency;
    rates.link = kClusterLink;
    print_prediction(shape, rates);
  }
  if (run.measured) print_result(cases);
}

}  // namespace kintsugi::cli
