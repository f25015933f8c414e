// What an error may be put down to: rounded data, noise, or a wrong order.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "objective/error_floor.hpp"
#include "objective/first_order_model.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

PlantedProblem rounded(const std::function<float(float)>& round) {
  PlantedProblem problem = make_planted(6, 8, 500);
  for (float& value : problem.rows->predictions) value = round(value);
  return problem;
}

float to_digits(float value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(value));
  return std::strtof(text, nullptr);
}

TEST(ErrorFloor, SeesHowPredictionsWereRounded) {
  const mpi::Comm world = mpi::Comm::world();
  struct Case {
    const char* name;
    std::function<float(float)> round;
    bool is_rounded;
  };
  const Case cases[] = {
      {"float32", [](float v) { return v; }, false},
      {"nine digits", [](float v) { return to_digits(v, 9); }, false},
      {"three decimals", [](float v) { return static_cast<float>(std::round(v * 1e3) / 1e3); }, true},
      {"six decimals", [](float v) { return static_cast<float>(std::round(v * 1e6) / 1e6); }, true},
      {"four digits", [](float v) { return to_digits(v, 4); }, true},
      {"float16",
       [](float v) { return std::ldexp(std::nearbyint(std::ldexp(v, 10 - std::ilogb(v))), std::ilogb(v) - 10); }, true},
  };
  for (const Case& each : cases) {
    const PlantedProblem problem = rounded(each.round);
    Workbench bench(world, problem, {1, world.size()});
    Evaluator& evaluator = bench.evaluator();
    const ErrorFloor floor(evaluator, 0);
    EXPECT_EQ(floor.rounding() > 0, each.is_rounded) << each.name;
    const double truth = evaluator.check(problem.truth.blocks).mse;
    EXPECT_LE(truth, floor.target(500)) << each.name;
    if (each.is_rounded) {
      EXPECT_GE(truth, 0.6 * floor.rounding()) << each.name;
    }
    // No wrong neighbours pass: in this network they raise the error far above rounding.
    for (std::size_t at = 0; at + 1 < problem.truth.blocks.size(); ++at) {
      Blocks wrong = problem.truth.blocks;
      std::swap(wrong[at], wrong[at + 1]);
      EXPECT_GT(evaluator.check(wrong).mse, floor.target(500)) << each.name << ", neighbours at " << at;
    }
    // Fewer rows scatter more.
    if (floor.rounding() > 1e-10) {
      EXPECT_GT(floor.target(32), 1.1 * floor.target(500)) << each.name;
    }
  }
}

TEST(ErrorFloor, AToleranceIsTaken) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(3, 8, 100);
  Workbench bench(world, problem, {1, world.size()});
  EXPECT_EQ(ErrorFloor(bench.evaluator(), 0.25).target(100), 0.25);
}

TEST(SwapChanges, AreNearTheExactOnes) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = make_planted(8, 8, 400);
  Workbench bench(world, problem, {1, world.size()});
  Evaluator& evaluator = bench.evaluator();
  FirstOrderModel model(evaluator);
  const std::size_t tiles = evaluator.rows().tiles();
  Blocks order = problem.truth.blocks;
  for (const bool at_truth : {true, false}) {
    if (!at_truth) insert_in(order, 1, 6);
    ASSERT_TRUE(model.linearise(order, tiles, 1));
    const auto changes = model.swap_changes();
    ASSERT_EQ(changes.size(), order.size() - 1);
    for (std::size_t at = 0; at < changes.size(); ++at) {
      Blocks swapped = order;
      std::swap(swapped[at], swapped[at + 1]);
      const double exact = evaluator.error(swapped, tiles) - evaluator.error(order, tiles);
      EXPECT_NEAR(changes[at].change, exact, 0.6 * std::fabs(exact) + 1e-5 * evaluator.rows().prediction_variance());
      EXPECT_GT(changes[at].standard_error, 0);
    }
  }
}

TEST(ExplainErrors, TellsNoiseFromAWrongOrder) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 10;
  options.width = 8;
  options.hidden = {16};
  options.rows = 2000;
  options.pair_signal = 1;
  for (const double noise : {0.0, 0.01, 0.1}) {
    options.noise = noise;
    const PlantedProblem problem = make_planted(options);
    Workbench bench(world, problem, {1, world.size()});
    Evaluator& evaluator = bench.evaluator();
    FirstOrderModel model(evaluator);
    const std::size_t tiles = evaluator.rows().tiles();
    if (noise > 0) {
      ASSERT_TRUE(model.linearise(problem.truth.blocks, tiles, 1));
      const FirstOrderModel::Explained truth = model.explain_errors();
      EXPECT_TRUE(truth.noise) << "noise " << noise << ": " << truth.share << " against " << truth.by_chance;
    }
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      ASSERT_TRUE(model.linearise(shuffled_blocks(problem, seed), tiles, 1));
      const FirstOrderModel::Explained wrong = model.explain_errors();
      EXPECT_FALSE(wrong.noise) << "noise " << noise << ", order " << seed;
      EXPECT_GT(wrong.share, 2 * wrong.by_chance);
    }
  }
}

TEST(ExplainErrors, FewRowsTellNothing) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options;
  options.blocks = 10;
  options.width = 8;
  options.hidden = {16};
  options.rows = 100;
  options.pair_signal = 1;
  options.noise = 0.1;
  const PlantedProblem problem = make_planted(options);
  Workbench bench(world, problem, {1, world.size()});
  FirstOrderModel model(bench.evaluator());
  ASSERT_TRUE(model.linearise(problem.truth.blocks, bench.evaluator().rows().tiles(), 1));
  EXPECT_FALSE(model.explain_errors().noise);
}

}  // namespace
}  // namespace kintsugi
