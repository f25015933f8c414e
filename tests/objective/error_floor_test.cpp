#include "objective/error_floor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
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
    // What rounding adds to float32's share, on so many rows that it has no spread.
    const double float32_share = ErrorFloorParameters{}.float32_share * evaluator.rows().prediction_variance();
    const double rounding = floor.target(std::size_t{1} << 50) - float32_share;
    EXPECT_EQ(rounding > 1e-3 * float32_share, each.is_rounded) << each.name;
    const double truth = evaluator.check(problem.truth.blocks).mse;
    EXPECT_LE(truth, floor.target(500)) << each.name;
    if (each.is_rounded) {
      EXPECT_GE(truth, 0.6 * rounding) << each.name;
    }
    // No wrong neighbours pass: in this network they raise the error far above rounding.
    for (std::size_t at = 0; at + 1 < problem.truth.blocks.size(); ++at) {
      Blocks wrong = problem.truth.blocks;
      std::swap(wrong[at], wrong[at + 1]);
      EXPECT_GT(evaluator.check(wrong).mse, floor.target(500)) << each.name << ", neighbours at " << at;
    }
    // Fewer rows scatter more.
    if (rounding > 1e-10) {
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

}  // namespace
}  // namespace kintsugi
