// The model of bench --scale: its counts are the code's own, its times what the formulas give by hand.

#include "cli/scale_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/roles.hpp"
#include "objective/effect_table.hpp"
#include "objective/linear_model.hpp"
#include "objective/model_walk.hpp"
#include "pairing/pairing.hpp"
#include "seeding/seeding.hpp"
#include "synth/planted.hpp"

namespace kintsugi::cli {
namespace {

const PhaseCost& phase_of(const std::vector<PhaseCost>& phases, std::string_view name) {
  return *std::ranges::find(phases, name, &PhaseCost::name);
}

class Counted {
 public:
  explicit Counted(std::size_t outputs) {
    PlantedOptions planted;
    planted.blocks = 12;
    planted.width = 8;
    planted.hidden = {20};
    planted.outputs = outputs;
    planted.rows = 32 * 10;
    planted.depth = DepthTrend::none;
    planted.pair_signal = 0;
    SyntheticProblem problem = plant_network(planted);
    blocks_ = problem.truth.blocks;
    network_ = std::move(problem.network);
    weights_ = std::make_unique<SharedWeights>(comm_, network_, roles_of(problem.truth, problem.rows.shape));
    rows_ = std::make_unique<MemoryRows>(std::make_shared<const Rows>(std::move(problem.rows)));
    evaluator = std::make_unique<Evaluator>(comm_, *weights_, *rows_, Grid{});
    shape = {.blocks = 12, .width = 8, .hidden = 20, .outputs = outputs, .rows = 320, .sample_rows = 128};
  }

  /// Product flops of the block evaluations, weighted by tiles, that `work` makes the evaluator count.
  template <class Work>
  double flops_of(const Work& work) {
    const std::int64_t before = evaluator->work();
    work();
    return static_cast<double>(evaluator->work() - before) * 32 * 4 * 8 * 20;
  }

  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  [[nodiscard]] const Network& network() const { return network_; }

  ScaleShape shape;
  std::unique_ptr<Evaluator> evaluator;

 private:
  mpi::Comm comm_ = mpi::Comm::self();
  Network network_;
  Blocks blocks_;
  std::unique_ptr<SharedWeights> weights_;
  std::unique_ptr<MemoryRows> rows_;
};

TEST(ScaleModel, CountsBlockProductsAsTheEvaluatorDoes) {
  for (const std::size_t outputs : {std::size_t{1}, std::size_t{3}}) {
    Counted counted(outputs);
    const std::vector<PhaseCost> phases = model_phases(counted.shape);
    LinearModel model(*counted.evaluator);
    EXPECT_EQ(counted.flops_of([&] { EXPECT_TRUE(model.linearise(counted.blocks(), 4)); }),
              phase_of(phases, "linearise").product_flops);
    EXPECT_EQ(counted.flops_of([&] { (void)model.screen(11); }), phase_of(phases, "screen").product_flops);
    EXPECT_EQ(counted.flops_of([&] { (void)counted.evaluator->error(counted.blocks(), 4); }),
              phase_of(phases, "evaluation").product_flops);
    EXPECT_EQ(counted.flops_of([&] { (void)counted.evaluator->check(counted.blocks()); }),
              phase_of(phases, "check").product_flops);
  }
}

TEST(ScaleModel, CountsSeedingUpToStartsThatSeedsShare) {
  Counted counted(1);
  Blocks pairing = counted.blocks();
  std::ranges::sort(pairing, {}, &Block::expand);
  const CompressNorms norms = compress_norms(counted.network(), pairing);
  const SharedSample sample(*counted.evaluator, 2);
  const double flops =
      counted.flops_of([&] { (void)make_start_orders(*counted.evaluator, pairing, norms, "auto", 1, sample); });
  const double modelled = phase_of(model_phases(counted.shape), "seeding").product_flops;
  EXPECT_LE(flops, 1.15 * modelled);  // the evaluator counts a base that was never evaluated
  EXPECT_GE(flops, 0.8 * modelled);
}

TEST(ScaleModel, CountsThePositionsThatAnnealingTries) {
  Counted counted(1);
  LinearModel model(*counted.evaluator);
  ASSERT_TRUE(model.linearise(counted.blocks(), 4));
  EffectTable table;
  table.gather(model, MemoryBudget{}.table);
  constexpr int kSteps = 50;  // what one step comes to is chance
  ModelWalk walk(table, Random(1));
  walk.run(kSteps * static_cast<int>(AnnealingParameters().moves_per_block) * 12, 1e-3 * model.base_error(), 1e300);
  const double modelled = kSteps * phase_of(model_phases(counted.shape), "annealing").screen_flops / 5;
  const double counted_work = static_cast<double>(walk.passes()) * static_cast<double>(table.rows);
  EXPECT_GT(counted_work, 0.8 * modelled);
  EXPECT_LT(counted_work, 1.2 * modelled);
}

TEST(ScaleModel, BusiestRankHasTheLargerShare) {
  EXPECT_EQ(busiest_tiles(1, 1), 1U);
  EXPECT_EQ(busiest_tiles(33, 1), 2U);
  EXPECT_EQ(busiest_tiles(33, 2), 1U);
  EXPECT_EQ(busiest_tiles(320, 3), 4U);
  ScaleShape shape{.blocks = 48, .width = 48, .hidden = 96, .rows = 10000, .sample_rows = 512, .ranks = 16};
  const double evaluation = phase_of(model_phases(shape), "evaluation").product_flops;
  EXPECT_EQ(evaluation, 32.0 * 48 * 4 * 48 * 96);
  const auto seeding_on = [&](std::size_t ranks) {
    shape.ranks = ranks;
    return phase_of(model_phases(shape), "seeding").product_flops;
  };
  EXPECT_LT(seeding_on(16), 0.15 * seeding_on(1)) << "blocks and starts are shared";
  shape.ranks = 1000;  // the sample has 16 tiles: more ranks have nothing to do
  EXPECT_EQ(phase_of(model_phases(shape), "evaluation").product_flops, evaluation);
}

TEST(ScaleModel, TimeIsArithmeticOrStreamingAndMessages) {
  const MachineRates rates{.products = 100, .effects = 50, .screens = 10, .bandwidth = 4, .latency = 0.5, .link = 8};
  ScaleShape shape{.ranks = 1};
  PhaseCost phase{.name = "any",
                  .product_flops = 200,
                  .effect_flops = 50,
                  .screen_flops = 20,
                  .collectives = 3,
                  .collective_bytes = 16};
  EXPECT_EQ(modelled_seconds(phase, shape, rates), 2 + 1 + 2);
  phase.streamed = 16;  // slower than the arithmetic
  EXPECT_EQ(modelled_seconds(phase, shape, rates), 2 + 1 + 4);
  shape.ranks = 5;  // three turns
  EXPECT_EQ(modelled_seconds(phase, shape, rates), 7 + 3 * 3 * 0.5 + 2 * 16 / 8.0);
}

TEST(ScaleModel, MemoryOfAPlainShapeByHand) {
  // Multiples of 16 everywhere, so nothing is padded but the head's bias.
  const ScaleShape shape{.blocks = 64, .width = 32, .hidden = 64, .rows = 640, .sample_rows = 320, .ranks = 2};
  const MemoryModel memory = model_memory(shape);
  const double table = 64 * 63 / 2 * (320 * 4 + 8);
  EXPECT_EQ(memory.node, 4.0 * (64 * (4 * 2048 + 64 + 32) + 2 * 32 + 16) + table);
  const double rows = 10 * 32 * 4 * 33;
  const double effects = 5 * 64 * 64 * 128;
  const double passes = 128 * 64 * (6 * 32 + 64);
  const double tables = 64 * 64 * 64;
  EXPECT_EQ(memory.rank, rows + effects + passes + tables);
  EXPECT_EQ(memory.root, 4.0 * 64 * (2 * 2048 + 64 + 32));
  EXPECT_EQ(memory.rank_peak, memory.node + memory.rank);
  EXPECT_EQ(memory.root_peak, memory.root + memory.node + memory.rank);
}

}  // namespace
}  // namespace kintsugi::cli
