// The model of bench --scale: the collectives and bytes of each part of a solve are what it makes MPI do.

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/scale_model.hpp"
#include "core/roles.hpp"
#include "objective/effect_table.hpp"
#include "objective/linear_model.hpp"
#include "seeding/seeding.hpp"
#include "synth/planted.hpp"

namespace {

/// Calls of MPI's collectives in this process, and the bytes that they take, one way: a broadcast moves them once, an
/// all-reduce twice.
struct Traffic {
  double calls = 0;
  double bytes = 0;
};
Traffic traffic;

void count(int values, MPI_Datatype type, double ways) {
  int size = 0;
  MPI_Type_size(type, &size);
  ++traffic.calls;
  traffic.bytes += ways / 2 * static_cast<double>(values) * size;
}

}  // namespace

// MPI's own names for its profiling: these take the place of the library's.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" int MPI_Allreduce(const void* send, void* receive, int values, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  count(values, type, 2);
  return PMPI_Allreduce(send, receive, values, type, op, comm);
}

extern "C" int MPI_Bcast(void* data, int values, MPI_Datatype type, int root, MPI_Comm comm) {
  count(values, type, 1);
  return PMPI_Bcast(data, values, type, root, comm);
}
// NOLINTEND(readability-identifier-naming)

namespace kintsugi::cli {
namespace {

constexpr std::size_t kBlocks = 24;
constexpr std::size_t kTiles = 8;

TEST(ScaleMessages, AreThoseOfTheModel) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions planted;
  planted.blocks = kBlocks;
  planted.width = 8;
  planted.hidden = {16};
  planted.rows = 32 * kTiles;
  planted.pair_signal = 1;
  SyntheticProblem problem = plant_network(planted);
  const Roles roles = roles_of(problem.truth, problem.rows.shape);
  const CompressNorms norms = compress_norms(problem.network, problem.truth.blocks);
  const SharedWeights weights(world, problem.network, roles);
  MemoryRows rows(std::make_shared<const Rows>(std::move(problem.rows)));
  Evaluator evaluator(world, weights, rows, Grid{1, world.size()});
  LinearModel model(evaluator);
  const Blocks& blocks = problem.truth.blocks;
  const std::size_t seeding = evaluator.rows().tiles_for(static_cast<std::size_t>(PreparationParameters().start_rows));
  ASSERT_TRUE(model.linearise(blocks, kTiles));
  EffectTable table;
  table.gather(model, MemoryBudget{}.table);  // the ranks find each other but once

  const ScaleShape shape{.blocks = kBlocks,
                         .width = 8,
                         .hidden = 16,
                         .rows = 32 * kTiles,
                         .sample_rows = 32 * kTiles,
                         .ranks = static_cast<std::size_t>(world.size())};
  const std::vector<std::pair<std::string, std::function<void()>>> parts{
      {"seeding",
       [&] {
         const SharedSample sample(evaluator, seeding);
         (void)make_start_orders(evaluator, blocks, norms, "auto", 1, sample);
       }},
      {"linearise", [&] { EXPECT_TRUE(model.linearise(blocks, kTiles)); }},
      {"screen", [&] { (void)model.screen(kBlocks - 1); }},
      {"evaluation", [&] { (void)evaluator.error(blocks, kTiles); }},
      {"annealing", [&] { table.gather(model, MemoryBudget{}.table); }},
      {"check", [&] { (void)evaluator.check(blocks); }}};
  const std::vector<PhaseCost> phases = model_phases(shape);
  for (const auto& [name, work] : parts) {
    SCOPED_TRACE(name);
    traffic = {};
    work();
    const PhaseCost& phase = *std::ranges::find(phases, name, &PhaseCost::name);
    EXPECT_NEAR(traffic.calls, phase.collectives, 0.2 * phase.collectives);
    EXPECT_NEAR(traffic.bytes, phase.collective_bytes, 0.2 * phase.collective_bytes);
  }
}

}  // namespace
}  // namespace kintsugi::cli
