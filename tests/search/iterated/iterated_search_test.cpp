// The iterated search as a state machine, with local searches and rounds that do as they are told.
#include "search/iterated/iterated_search.hpp"

#include <gtest/gtest.h>

#include "kintsugi/core/error.hpp"
#include "search/iterated/scripted.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::Act;
using kintsugi::testing::Script;
using kintsugi::testing::ScriptedRound;
using kintsugi::testing::ScriptedStep;

using Log = std::vector<std::string>;

constexpr Act kSlow{.improved = true};  // a step that is not the last one and leaves the error as it is
constexpr Act kStuck{.stuck = true};

class ScriptedSearch : public testing::OnPlanted {
 protected:
  // Local searches a and b, rounds of x and y, kicks.
  IteratedSearch search(bool with_round, bool with_another = false) {
    std::vector<std::unique_ptr<Step>> steps;
    steps.push_back(std::make_unique<ScriptedStep>("a", a_, log_, &evaluator()));
    steps.push_back(std::make_unique<ScriptedStep>("b", b_, log_, &evaluator()));
    std::vector<std::unique_ptr<Round>> rounds;
    if (with_round) rounds.push_back(std::make_unique<ScriptedRound>("x", x_, log_, &evaluator()));
    if (with_another) rounds.push_back(std::make_unique<ScriptedRound>("y", y_, log_, &evaluator()));
    return {evaluator(), Neighbourhoods(std::move(steps), nullptr, parameters_.neighbourhoods),
            RoundScheduler(std::move(rounds), parameters_.round_scheduler),
            Perturbation(evaluator(), PerturbationKind::kick, {}, Random(1), parameters_.perturbation), parameters_};
  }
  // A wrong order on all rows, so that the sample does not grow, with an error that no kick comes near to.
  ScoredOrder begin_at(double mse = 1e-12) { return {start_, mse, evaluator().rows().tiles()}; }
  // What the search does in the next step: the log's new entries, and the events that are the search's own.
  Log next(IteratedSearch& search) {
    log_.clear();
    last_ = search.step();
    Log done = log_;
    if (last_.event == Event::kick) done.emplace_back("kick");
    if (last_.event == Event::growth) done.emplace_back("growth");
    if (last_.stuck) done.emplace_back("gives up");
    return done;
  }

  const Blocks start_ = testing::shuffled_blocks(problem_, 7);
  Script a_;
  Script b_;
  Script x_;
  Script y_;
  Log log_;
  StepReport last_;
};

TEST_F(ScriptedSearch, TheFirstLocalSearchTakesOverAfterASuccessOfTheNext) {
  IteratedSearch search = this->search(false);
  search.begin(begin_at());
  EXPECT_EQ(log_, (Log{"a>"}));
  a_.acts = {kSlow, kStuck, kStuck};
  b_.acts = {{.mse = 1e-13, .improved = true}, kStuck};
  EXPECT_EQ(next(search), (Log{"a"}));
  EXPECT_EQ(next(search), (Log{"a", "b>"})) << "a is stuck";
  EXPECT_EQ(next(search), (Log{"b", "a>"})) << "b has found a way on";
  EXPECT_EQ(search.best().mse, 1e-13);
  EXPECT_EQ(a_.begun.back().mse, 1e-13);
  EXPECT_EQ(next(search), (Log{"a", "b>"}));
  EXPECT_EQ(next(search), (Log{"b", "a>", "kick"})) << "nothing leads on";
  EXPECT_EQ(a_.begun.back().mse, error(search.current().blocks, search.current().tiles));
  EXPECT_EQ(search.best().mse, 1e-13);
  EXPECT_EQ(search.idle_perturbations(), 1);
}

TEST_F(ScriptedSearch, GivesUpAfterSoManyPerturbationsWithoutANewBestOrder) {
  parameters_.iterated = {.min_patience = 3, .patience_per_block = 0};
  IteratedSearch search = this->search(false);
  search.begin(begin_at());
  const auto kicks_until_it_gives_up = [&] {
    int kicks = 0;
    for (int step = 0; step < 100; ++step) {
      (void)next(search);
      kicks += last_.event == Event::kick ? 1 : 0;
      if (last_.stuck) return kicks;
    }
    return -1;
  };
  EXPECT_EQ(kicks_until_it_gives_up(), 3);
  EXPECT_EQ(next(search), (Log{"b", "gives up"})) << "and says so again";
  EXPECT_EQ(search.best().blocks, start_);
  // A new best order begins the count anew.
  search.begin(begin_at());
  a_.acts = {kStuck, kStuck, {.mse = 1e-15, .stuck = true}};
  EXPECT_EQ(kicks_until_it_gives_up(), 2 + 3);
  EXPECT_EQ(search.best().mse, 1e-15);
  // Larger networks have more patience.
  parameters_.iterated.patience_per_block = 1;
  search = this->search(false);
  search.begin(begin_at());
  EXPECT_EQ(kicks_until_it_gives_up(), 12);
}

TEST_F(ScriptedSearch, RoundsThatComeFirstComeOneAfterAnother) {
  x_.policy.work_share = 2;
  y_.policy.work_share = 2;
  IteratedSearch search = this->search(true, true);
  search.begin(begin_at());
  EXPECT_EQ(log_, (Log{"x>"}));
  x_.acts = {{.mse = 1e-11}, kStuck};
  EXPECT_EQ(next(search), (Log{"x"}));
  EXPECT_EQ(next(search), (Log{"x", "y>"}));
  EXPECT_EQ(y_.begun.back().mse, 1e-11) << "at what the other one came to";
  EXPECT_EQ(next(search), (Log{"y", "a>"}));
  // Later rounds are followed by the local searches.
  a_.acts = b_.acts = {kStuck};
  EXPECT_EQ(next(search), (Log{"a", "b>"}));
  EXPECT_EQ(next(search), (Log{"b", "x>"}));
  EXPECT_EQ(next(search), (Log{"x", "a>"}));
}

TEST_F(ScriptedSearch, ARoundInVainIsFollowedByAPerturbation) {
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "x>"})) << "a round comes before a kick";
  EXPECT_EQ(search.idle_perturbations(), 1);
  x_.acts = {kSlow, {.mse = 1e-11}, kStuck};
  EXPECT_EQ(next(search), (Log{"x"}));
  EXPECT_EQ(next(search), (Log{"x"}));
  EXPECT_EQ(next(search), (Log{"x", "a>"})) << "the local searches go on from its result";
  EXPECT_EQ(a_.begun.back().mse, 1e-11);
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "a>", "kick"}));
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "x>"})) << "after a kick another round may come";
  EXPECT_EQ(x_.begun.back().mse, 1e-12) << "what kick and round came to is too bad: it begins at the best order";
}

TEST_F(ScriptedSearch, AfterANewBestOrderAnotherRoundMayComeAtOnce) {
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  (void)next(search);
  (void)next(search);
  x_.acts = {{.mse = 1e-13, .stuck = true}};
  EXPECT_EQ(next(search), (Log{"x", "a>"}));
  EXPECT_EQ(search.idle_perturbations(), 0);
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "x>"}));
  EXPECT_EQ(x_.begun.back().mse, 1e-13);
}

TEST_F(ScriptedSearch, NoRoundComesThatHasHadMoreWorkThanTheLocalSearches) {
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  a_.acts = {{.stuck = true, .work = 100}};
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "x>"}));
  x_.acts = {{.mse = 1e-13, .stuck = true, .work = 101}};
  (void)next(search);
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "a>", "kick"}));
  a_.acts = {{.stuck = true, .work = 1}};
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "x>"})) << "101 against 101";
}

TEST_F(ScriptedSearch, WhoWantsMoreWorkHasARoundBeforeEverythingElse) {
  x_.policy.work_share = 2;
  IteratedSearch search = this->search(true);
  search.begin(begin_at(1));
  EXPECT_EQ(log_, (Log{"x>"}));
  x_.acts = {{.mse = 0.5}, {.mse = 0.25, .stuck = true}};
  EXPECT_EQ(next(search), (Log{"x"}));
  EXPECT_EQ(next(search), (Log{"x", "a>"}));
  EXPECT_EQ(search.best().mse, 0.25);
  EXPECT_EQ(search.idle_perturbations(), 0) << "it is no perturbation";
}

TEST_F(ScriptedSearch, StagnationLeavesTheLocalSearchesEarlyOnlyWhileARoundMayCome) {
  parameters_.neighbourhoods.pace_steps = 2;
  parameters_.neighbourhoods.pace = 0.9;
  const std::deque<Act> slow(20, kSlow);
  IteratedSearch without = this->search(false);
  without.begin(begin_at());
  a_.acts = slow;
  for (int step = 0; step < 20; ++step) EXPECT_EQ(next(without), (Log{"a"})) << "there are no rounds";

  IteratedSearch with = this->search(true);
  with.begin(begin_at());
  a_.acts = slow;
  EXPECT_EQ(next(with), (Log{"a"}));
  EXPECT_EQ(next(with), (Log{"a"}));
  EXPECT_EQ(next(with), (Log{"a", "b>"})) << "two steps have lowered nothing";
  EXPECT_EQ(next(with), (Log{"b", "x>"}));
  EXPECT_EQ(next(with), (Log{"x", "a>"}));
  // The round was in vain: the next must wait until the local searches are done, and for a kick.
  for (int step = 0; step < 15; ++step) EXPECT_EQ(next(with), (Log{"a"}));
}

TEST_F(ScriptedSearch, AnOverfittedSampleGrows) {
  IteratedSearch search = this->search(true);
  search.begin({start_, 1e-30, 2});
  (void)next(search);
  EXPECT_EQ(next(search), (Log{"b", "a>", "growth"})) << "before rounds and kicks";
  EXPECT_EQ(search.best().tiles, 4U);
  EXPECT_EQ(search.best().mse, error(start_, 4));
  EXPECT_EQ(search.current().tiles, 4U);
  EXPECT_EQ(a_.begun.back().tiles, 4U);
  EXPECT_EQ(search.idle_perturbations(), 0);
}

TEST_F(ScriptedSearch, AResultThatIsGoodEnoughBecomesTheIncumbent) {
  parameters_.acceptance.worse = 0.5;
  for (const auto& [result, start] : {std::pair{1.4e-12, 1.4e-12}, {1.6e-12, 1e-12}}) {
    IteratedSearch search = this->search(true);
    search.begin(begin_at());
    (void)next(search);
    (void)next(search);
    x_.acts = {{.mse = result, .stuck = true}};
    for (int step = 0; step < 5; ++step) (void)next(search);  // round, local searches, kick, local searches, next round
    ASSERT_EQ(log_.back(), "x>");
    EXPECT_EQ(x_.begun.back().mse, start);
  }
}

TEST_F(ScriptedSearch, ARoundMayGoOnFromItsOwnResult) {
  parameters_.round_scheduler.abandon_ratio = 4;
  x_.policy.resumes_own_result = true;
  for (const auto& [result, start] : {std::pair{3e-12, 3e-12}, {5e-12, 1e-12}}) {
    IteratedSearch search = this->search(true);
    search.begin(begin_at());
    (void)next(search);
    (void)next(search);
    x_.acts = {{.mse = result, .stuck = true}};
    for (int step = 0; step < 5; ++step) (void)next(search);
    ASSERT_EQ(log_.back(), "x>");
    EXPECT_EQ(x_.begun.back().mse, start);
  }
}

TEST_F(ScriptedSearch, ARoundMayForceItsResult) {
  x_.policy.forces_acceptance = true;
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  (void)next(search);
  (void)next(search);
  x_.acts = {{.mse = 1e-9, .stuck = true}};
  for (int step = 0; step < 5; ++step) (void)next(search);
  ASSERT_EQ(log_.back(), "x>");
  EXPECT_EQ(x_.begun.back().mse, 1e-9) << "the incumbent, though it is worse";
  EXPECT_EQ(search.best().mse, 1e-12);
}

TEST_F(ScriptedSearch, AnAdoptedOrderIsWhereItGoesOn) {
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  (void)next(search);
  (void)next(search);
  ASSERT_EQ(search.idle_perturbations(), 1);
  Blocks other = start_;
  std::swap(other[0], other[1]);
  log_.clear();
  search.adopt(other, 1e-13);
  EXPECT_EQ(log_, (Log{"a>"})) << "the round is given up";
  EXPECT_EQ(a_.begun.back().blocks, other);
  EXPECT_EQ(search.best().blocks, other);
  EXPECT_EQ(search.best().mse, 1e-13);
  EXPECT_EQ(search.current().tiles, begin_at().tiles);
  EXPECT_EQ(search.idle_perturbations(), 0);
  search.adopt(start_, 1e-12);
  EXPECT_EQ(search.best().blocks, other) << "a worse one is not the best";
  EXPECT_EQ(search.current().blocks, start_);
}

TEST_F(ScriptedSearch, ElitesAreForRoundsAndCrossovers) {
  parameters_.perturbation.cross_every = 1;
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  const std::vector<Blocks> elites{testing::shuffled_blocks(problem_, 1)};
  search.set_elites(elites);
  EXPECT_EQ(x_.elites, elites);
  for (int step = 0; step < 5; ++step) (void)next(search);  // local searches, round, local searches
  EXPECT_EQ(last_.event, Event::crossover);
  EXPECT_EQ(search.current().mse, error(search.current().blocks, search.current().tiles));
  EXPECT_EQ(testing::sorted_pieces(search.current().blocks), testing::sorted_pieces(start_));
}

TEST_F(ScriptedSearch, GoesOnFromItsState) {
  IteratedSearch first = search(true);
  first.begin(begin_at());
  first.set_elites({testing::shuffled_blocks(problem_, 1)});
  // After so many steps it is in the local searches, in a round, after a kick.
  for (int step = 0; step < 12; ++step) {
    (void)next(first);
    IteratedSearch second = search(true);
    x_.elites.clear();
    testing::set_state(second, testing::state_of(first));
    EXPECT_EQ(x_.elites.size(), 1U) << "rounds hear of the elites again";
    IteratedSearch copy = search(true);
    testing::set_state(copy, testing::state_of(first));
    const Log expected = next(copy);
    EXPECT_EQ(next(second), expected);
    EXPECT_EQ(testing::state_of(second), testing::state_of(copy));
  }
}

TEST_F(ScriptedSearch, RefusesAStateThatNoneHasWritten) {
  IteratedSearch search = this->search(true);
  search.begin(begin_at());
  const std::vector<std::int64_t> words = testing::state_of(search);
  // From the end: three orders, the idle perturbations, whether it left the start, the origin, the phase.
  const std::size_t order = 1 + 2 * start_.size() + 2;
  const std::size_t phase = words.size() - 3 * order - 4;
  ASSERT_EQ(words[phase], 0);
  for (const std::int64_t wrong : {1, 2, -1}) {
    std::vector<std::int64_t> changed = words;
    changed[phase] = wrong;
    StateArchive archive(changed);
    EXPECT_THROW(search.state(archive), InputError) << "phase " << wrong;
  }
  std::vector<std::int64_t> changed = words;
  changed[phase + 1] = 1;
  changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(phase) + 2, 1);  // the second of one round
  StateArchive archive(changed);
  EXPECT_THROW(search.state(archive), InputError);
}

}  // namespace
}  // namespace kintsugi
