// How predictions were rounded, and whether rounding explains errors.
#include "core/rounding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "core/rounding_tally.hpp"

namespace kintsugi {
namespace {

constexpr double kUnit = 0x1.0p-24;

FoundRounding found_in(const std::vector<double>& values, double variance) {
  RoundingFinder finder({});
  for (const double value : values) finder.add(value);
  std::vector<double> squares;
  for (std::size_t way = 0; way < finder.ways(); ++way) squares.push_back(finder.take_squares(way));
  return finder.found(squares, values.size(), variance);
}

std::vector<double> rounded_to(double step, std::size_t count) {
  Random random(1);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(std::nearbyint(random.normal() / step) * step));
  }
  return values;
}

TEST(RoundingFinder, FindsTheStep) {
  const FoundRounding found = found_in(rounded_to(1e-3, 200), 1);
  EXPECT_EQ(found.way.unit, Rounding::Unit::decimals);
  EXPECT_EQ(found.way.count, 3);
  EXPECT_NEAR(found.mean_square, 1e-6 / 12, 1e-12);
  EXPECT_DOUBLE_EQ(found.way.step(0.25), 1e-3);
}

TEST(RoundingFinder, FewValuesOrTooCoarseStepsAreNone) {
  EXPECT_EQ(found_in(rounded_to(1e-3, 20), 1).mean_square, 0) << "they may look so by chance";
  EXPECT_EQ(found_in(rounded_to(1, 200), 0.05).way.step(0.25), 0) << "nothing is left to tell orders by";
}

TEST(RoundingFinder, StepsAsFineAsFloat32MakeRoomForSinglePredictionsOnly) {
  std::vector<double> values = rounded_to(1e-8, 200);
  for (double& value : values) value = static_cast<float>(std::nearbyint(1e6 * value) * 1e-8);  // about 0.01
  const FoundRounding found = found_in(values, 1e-4);
  EXPECT_EQ(found.mean_square, 0);
  EXPECT_DOUBLE_EQ(found.way.step(0.01), 1e-8);
}

/// A prediction of size 1 that float32 misses by `single` and the network by `error`, both in units of rounding.
CheckedPrediction prediction(double error, double single) {
  const double unit = kUnit * std::sqrt(2.0);
  return {.data = 1 - (error * unit + kUnit), .exact = 1, .single = 1 + single * unit, .magnitude = 1};
}

RoundingVerdict verdict_of(const std::vector<CheckedPrediction>& predictions, const FoundRounding& rounding = {}) {
  RoundingTally tally(rounding.way);
  for (const CheckedPrediction& each : predictions) tally.add(each);
  return tally.verdict(rounding, predictions.size(), {});
}

TEST(RoundingTally, ErrorsLikeThoseOfFloat32AreExplained) {
  EXPECT_LE(verdict_of({prediction(3, 3), prediction(-2, 2), prediction(0, -3)}).excess, 0.5);
  EXPECT_FALSE(verdict_of({prediction(3, 3)}).doubtful);
  EXPECT_TRUE(verdict_of({prediction(5, 3)}).doubtful) << "another order may be better";
  EXPECT_LE(verdict_of({prediction(5, 3)}).excess, 1);
  EXPECT_GT(verdict_of({prediction(7, 3)}).excess, 1);
}

TEST(RoundingTally, AnOutlierMakesNoRoomForOthers) {
  std::vector<CheckedPrediction> predictions(100, prediction(1, 1));
  predictions.push_back({.data = 1e6, .exact = 1e6 + 0.1, .single = 1e6 - 0.1, .magnitude = 1e12});
  EXPECT_LE(verdict_of(predictions).excess, 1);
  predictions.front() = prediction(1000, 1);
  EXPECT_GT(verdict_of(predictions).excess, 1);
}

TEST(RoundingTally, AnOffsetIsRoundedLikeItsSize) {
  // 2020 +- 5: half a unit in the last place is 6e-5.
  EXPECT_LE(verdict_of({{.data = 2020.0001, .exact = 2020, .single = 2020.0001, .magnitude = 4e6}}).excess, 1);
  EXPECT_GT(verdict_of({{.data = 2020.01, .exact = 2020, .single = 2020.0001, .magnitude = 4e6}}).excess, 1);
}

TEST(RoundingTally, NoErrorMayPassHalfAStep) {
  const FoundRounding rounding = found_in(rounded_to(1e-2, 200), 1);
  std::vector<CheckedPrediction> predictions;
  for (int i = 0; i < 100; ++i) predictions.push_back({0.5, 0.5 + 0.0001 * (i % 50), 0.5 + 0.0001 * (i % 50), 1});
  EXPECT_LE(verdict_of(predictions, rounding).excess, 1);
  predictions.front().exact = predictions.front().single = 0.506;
  EXPECT_GT(verdict_of(predictions, rounding).excess, 1);
  for (CheckedPrediction& each : predictions) each.exact = each.single = 0.5049;
  EXPECT_GT(verdict_of(predictions, rounding).excess, 1) << "all of them at the very edge";
}

TEST(RoundingTally, NothingThatIsNotFiniteIsExplained) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(verdict_of({{.data = 1, .exact = kInfinity, .single = kInfinity, .magnitude = kInfinity}}).excess,
            kInfinity);
  EXPECT_EQ(verdict_of({{.data = 1, .exact = kNan, .single = kNan, .magnitude = 1}}).excess, kInfinity);
  EXPECT_EQ(verdict_of({{.data = 1, .exact = 1, .single = kInfinity, .magnitude = 1}}).excess, kInfinity);
}

TEST(RoundingTally, SmallAndLargePredictionsAreJudgedAlike) {
  for (const double scale : {1e-20, 1e10}) {
    CheckedPrediction right = prediction(1, 1);
    CheckedPrediction wrong = prediction(1000, 1);
    for (CheckedPrediction* each : {&right, &wrong}) {
      each->data *= scale;
      each->exact *= scale;
      each->single *= scale;
      each->magnitude *= scale * scale;
    }
    EXPECT_LE(verdict_of({right}).excess, 1) << scale;
    EXPECT_GT(verdict_of({wrong}).excess, 1) << scale;
  }
}

}  // namespace
}  // namespace kintsugi
