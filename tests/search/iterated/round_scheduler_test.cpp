#include "search/iterated/round_scheduler.hpp"

#include <gtest/gtest.h>

#include "search/iterated/scripted.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::Script;
using kintsugi::testing::ScriptedRound;

using Which = std::optional<std::size_t>;

class ScriptedRounds : public testing::OnPlanted {
 protected:
  RoundScheduler scheduler(const RoundSchedulerParameters& parameters = {}) {
    std::vector<std::unique_ptr<Round>> rounds;
    rounds.push_back(std::make_unique<ScriptedRound>("x", x_, log_));
    rounds.push_back(std::make_unique<ScriptedRound>("y", y_, log_));
    return {std::move(rounds), parameters};
  }

  Script x_;
  Script y_;
  std::vector<std::string> log_;
};

TEST_F(ScriptedRounds, WhoWantsMoreThanTheLocalSearchesComesFirst) {
  const RoundScheduler scheduler = this->scheduler();
  EXPECT_EQ(scheduler.first(), std::nullopt) << "as much as they have";
  y_.policy.work_share = 1;
  EXPECT_EQ(scheduler.first(), std::nullopt);
  y_.policy.work_share = 2;
  EXPECT_EQ(scheduler.first(), Which(1));
  x_.policy.work_share = 2;
  EXPECT_EQ(scheduler.first(), Which(0)) << "the first of them";
  EXPECT_EQ(scheduler.first(1), Which(1)) << "and the next one after it";
  EXPECT_EQ(scheduler.first(2), std::nullopt);
}

TEST_F(ScriptedRounds, TheOneWithTheLeastWorkIsNext) {
  RoundScheduler scheduler = this->scheduler();
  EXPECT_EQ(scheduler.next(0, {}), Which(0)) << "the first of equals";
  scheduler.add_work(0, 10);
  EXPECT_EQ(scheduler.next(0, {}), Which(1));
  scheduler.add_work(1, 20);
  EXPECT_EQ(scheduler.next(9, {}), std::nullopt) << "both have more work than the local searches";
  EXPECT_EQ(scheduler.next(10, {}), Which(0)) << "as much as these is not more";
  scheduler.add_work(0, 11);
  EXPECT_EQ(scheduler.next(100, {}), Which(1));
}

TEST_F(ScriptedRounds, WorkCountsByThePolicy) {
  RoundScheduler scheduler = this->scheduler();
  scheduler.add_work(0, 10);
  scheduler.add_work(1, 40);
  EXPECT_EQ(scheduler.next(1000, {}), Which(0));
  y_.policy.work_share = 8;
  EXPECT_EQ(scheduler.next(1000, {}), Which(1)) << "40 / 8";
  EXPECT_EQ(scheduler.next(4, {}), std::nullopt);
  EXPECT_EQ(scheduler.next(5, {}), Which(1));
}

TEST_F(ScriptedRounds, WhoDidNotFindTheLastBestOrderHasLess) {
  RoundScheduler scheduler = this->scheduler({.idle_work_factor = 4});
  scheduler.add_work(0, 10);
  scheduler.add_work(1, 30);
  scheduler.reward(1);
  EXPECT_EQ(scheduler.next(1000, {}), Which(1)) << "4 * 10 against 30";
  scheduler.reward(std::nullopt);
  EXPECT_EQ(scheduler.next(1000, {}), Which(0)) << "40 against 120";
  EXPECT_EQ(scheduler.next(39, {}), std::nullopt);
  x_.policy.work_share = 1;
  EXPECT_EQ(scheduler.next(10, {}), Which(0)) << "a share of one's own holds in any case";
}

TEST_F(ScriptedRounds, ARoundBeginsAtItsOwnResultUnlessThatIsMuchWorse) {
  RoundScheduler scheduler = this->scheduler({.abandon_ratio = 4});
  const ScoredOrder incumbent = shuffled(1);
  const auto start = [&](std::size_t round) { return scheduler.start_of(round, incumbent, evaluator()).blocks; };
  EXPECT_EQ(start(0), incumbent.blocks) << "it has none yet";
  ScoredOrder result{truth(), 3.9 * incumbent.mse, kTiles};
  scheduler.keep_result(0, result);
  EXPECT_EQ(start(0), truth());
  EXPECT_EQ(start(1), incumbent.blocks) << "not another's";
  result.mse = 4 * incumbent.mse;
  scheduler.keep_result(0, result);
  EXPECT_EQ(start(0), incumbent.blocks);
  scheduler.keep_result(0, incumbent);
  scheduler.keep_result(1, result);
  scheduler.forget_results();
  EXPECT_EQ(start(1), incumbent.blocks);
}

TEST_F(ScriptedRounds, AResultOfAnotherSampleIsEvaluatedOnThePresentOne) {
  RoundScheduler scheduler = this->scheduler();
  const ScoredOrder incumbent = shuffled(1);
  scheduler.keep_result(0, {truth(), 1e9, 2});
  const ScoredOrder& start = scheduler.start_of(0, incumbent, evaluator());
  EXPECT_EQ(start.blocks, truth());
  EXPECT_EQ(start.tiles, kTiles);
  EXPECT_EQ(start.mse, error(truth()));
}

TEST_F(ScriptedRounds, AllHearOfElites) {
  RoundScheduler scheduler = this->scheduler();
  scheduler.set_elites({truth()});
  EXPECT_EQ(x_.elites, std::vector<Blocks>{truth()});
  EXPECT_EQ(y_.elites, std::vector<Blocks>{truth()});
}

TEST_F(ScriptedRounds, GoOnFromTheirState) {
  RoundScheduler first = scheduler();
  first.add_work(0, 10);
  first.reward(1);
  first.keep_result(1, {truth(), 0, 3});
  RoundScheduler second = scheduler();
  testing::set_state(second, testing::state_of(first));
  EXPECT_EQ(testing::state_of(second), testing::state_of(first));
  EXPECT_EQ(second.start_of(1, shuffled(1, 3), evaluator()).blocks, truth());
  EXPECT_EQ(second.next(39, {}), Which(1));
  second.add_work(1, 50);
  EXPECT_EQ(second.next(39, {}), std::nullopt);
}

}  // namespace
}  // namespace kintsugi
