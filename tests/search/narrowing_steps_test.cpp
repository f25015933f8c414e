#include "search/rounds/narrowing_steps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::kUnknown;

testing::PlantedProblem nearly_commuting(std::size_t blocks, std::size_t width = 16, double residual = 0.03,
                                         std::size_t rows = 1500) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = width;
  options.hidden = {2 * width};
  options.rows = rows;
  options.residual = residual;
  options.depth = DepthTrend::none;
  return testing::make_planted(options);
}

class NarrowingStepsOnPlanted : public testing::OnPlanted {
 protected:
  NarrowingStepsOnPlanted() : OnPlanted(nearly_commuting(48)) {}
  NarrowingSteps steps(Damping& damping) { return {evaluator(), damping, parameters_}; }
  Damping damping_{parameters_.gauss_newton};
};

TEST_F(NarrowingStepsOnPlanted, ComeToTheAnswerFromAnyOrder) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    NarrowingSteps steps = this->steps(damping_);
    const ScoredOrder start = shuffled(seed);
    steps.begin(start);
    double lowest = start.mse;
    for (StepReport report; !report.stuck;) {
      report = steps.step();
      EXPECT_EQ(steps.current().tiles, kTiles);
      EXPECT_EQ(steps.current().mse, error(steps.current().blocks));
      EXPECT_EQ(report.moves > 0, steps.current().mse < lowest) << "seed " << seed;
      lowest = steps.current().mse;
    }
    EXPECT_EQ(steps.current().blocks, truth()) << "seed " << seed;
  }
}

TEST_F(NarrowingStepsOnPlanted, StayAtTheAnswer) {
  NarrowingSteps steps = this->steps(damping_);
  steps.begin({truth(), kUnknown, kTiles});
  int taken = 0;
  for (StepReport report; !report.stuck; ++taken) {
    report = steps.step();
    EXPECT_EQ(report.moves, 0);
    EXPECT_EQ(steps.current().blocks, truth());
    EXPECT_EQ(steps.current().mse, error(truth()));
  }
  EXPECT_LE(taken, 2) << "the bandwidth is narrow at once, and nothing moves";
}

TEST_F(NarrowingStepsOnPlanted, EndAfterTheirNumberOrWithoutALowerError) {
  parameters_.gauss_newton.narrowing_steps = 3;
  const auto taken = [&] {
    NarrowingSteps steps = this->steps(damping_);
    steps.begin(shuffled(1));
    int count = 1;
    while (!steps.step().stuck) ++count;
    return count;
  };
  EXPECT_EQ(taken(), 3);
  parameters_.gauss_newton.narrowing_steps = 100;
  parameters_.gauss_newton.narrowing_idle_steps = 1;
  EXPECT_LT(taken(), 100);
}

TEST_F(NarrowingStepsOnPlanted, GoOnFromTheirState) {
  NarrowingSteps first = steps(damping_);
  first.begin(shuffled(1));
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(first.step().stuck);
  NarrowingSteps second = steps(damping_);
  testing::set_state(second, testing::state_of(first));
  for (int i = 0; i < 4; ++i) {
    (void)first.step();
    (void)second.step();
    EXPECT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

class NarrowNetwork : public testing::OnPlanted {
 protected:
  NarrowNetwork() : OnPlanted(nearly_commuting(72, 8, 0.02, 3000)) {}
  // Steps of one round from a random order, or 0 where it does not come to the answer.
  int steps_to_the_answer(std::uint64_t seed) {
    Damping damping(parameters_.gauss_newton);
    NarrowingSteps steps(evaluator(), damping, parameters_);
    steps.begin(shuffled(seed));
    StepReport report;
    for (int taken = 1; !report.stuck; ++taken) {
      report = steps.step();
      if (steps.current().blocks == truth()) return taken;
    }
    return 0;
  }
};

TEST_F(NarrowNetwork, IsSolvedWhereDirectionsThatHardlyShowAreLeftOpen) {
  constexpr std::array<std::uint64_t, 3> kSeeds{1, 4, 5};
  for (const std::uint64_t seed : kSeeds) EXPECT_GT(steps_to_the_answer(seed), 0) << "seed " << seed;
  parameters_.gauss_newton.many_blocks = 9;
  int damped = 0;
  for (const std::uint64_t seed : kSeeds) damped += steps_to_the_answer(seed) > 0 ? 1 : 0;
  EXPECT_LT(damped, 3) << "the prior makes no difference";
}

TEST_F(NarrowNetwork, GoesOnFromItsState) {
  Damping damping(parameters_.gauss_newton);
  NarrowingSteps first(evaluator(), damping, parameters_);
  first.begin(shuffled(1));
  for (int i = 0; i < 6; ++i) ASSERT_FALSE(first.step().stuck);
  NarrowingSteps second(evaluator(), damping, parameters_);
  testing::set_state(second, testing::state_of(first));
  for (int i = 0; i < 6; ++i) {
    (void)first.step();
    (void)second.step();
    EXPECT_EQ(testing::state_of(second), testing::state_of(first));
  }
}

class LargeNetwork : public testing::OnPlanted {
 protected:
  LargeNetwork() : OnPlanted(nearly_commuting(64)) {}
  Event first_event(const SearchContext& context) {
    const std::unique_ptr<IslandSearch> search = make_search("auto", context);
    search->begin({testing::shuffled_blocks(problem_, 1), kUnknown, kTiles});
    search->begin({testing::shuffled_blocks(problem_, 1), kUnknown, kTiles});
    return search->step().event;
  }
};

TEST_F(LargeNetwork, BeginsWithThemWhereTheWeightsSayNothingOfTheOrder) {
  EXPECT_EQ(first_event(context(1)), Event::gauss_newton);
  SearchContext with_line = context(1);
  with_line.clues.lines.push_back(truth());
  EXPECT_NE(first_event(with_line), Event::gauss_newton);
  parameters_.gauss_newton.narrowing_blocks = 65;
  EXPECT_EQ(first_event(context(1)), Event::insertion);
}

TEST_F(LargeNetwork, IsSolvedByThemAlone) {
  const std::unique_ptr<IslandSearch> search = make_search("auto", context(1));
  search->begin({testing::shuffled_blocks(problem_, 2), kUnknown, kTiles});
  Event last = Event::gauss_newton;
  for (int step = 0; step < 60 && search->best().blocks != truth(); ++step) last = search->step().event;
  EXPECT_EQ(search->best().blocks, truth());
  EXPECT_EQ(last, Event::gauss_newton);
}

}  // namespace
}  // namespace kintsugi
