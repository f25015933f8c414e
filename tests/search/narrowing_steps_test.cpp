#include "search/rounds/narrowing_steps.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::kUnknown;

testing::PlantedProblem nearly_commuting(std::size_t blocks) {
  PlantedOptions options;
  options.blocks = blocks;
  options.width = 16;
  options.hidden = {32};
  options.rows = 1500;
  options.residual = 0.03;
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
