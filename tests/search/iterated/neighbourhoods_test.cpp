#include "search/iterated/neighbourhoods.hpp"

#include <gtest/gtest.h>

#include "search/iterated/scripted.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::Script;
using kintsugi::testing::ScriptedStep;

using Log = std::vector<std::string>;

class ScriptedChain : public ::testing::Test {
 protected:
  Neighbourhoods chain(bool plateau, const NeighbourhoodParameters& parameters = {}) {
    std::vector<std::unique_ptr<Step>> steps;
    steps.push_back(std::make_unique<ScriptedStep>("a", a_, log_));
    steps.push_back(std::make_unique<ScriptedStep>("b", b_, log_));
    return {std::move(steps), plateau ? std::make_unique<ScriptedStep>("plateau", plateau_, log_) : nullptr,
            parameters};
  }

  const ScoredOrder order_{{{0, 1}, {2, 3}}, 0.5, 2};
  Script a_;
  Script b_;
  Script plateau_;
  Log log_;
};

TEST_F(ScriptedChain, SearchesTakeTurns) {
  Neighbourhoods chain = this->chain(false);
  chain.begin(order_);
  EXPECT_TRUE(chain.first_is_active());
  (void)chain.step();
  const ScoredOrder next{{{2, 3}, {0, 1}}, 0.25, 2};
  EXPECT_TRUE(chain.advance(next, 0));
  EXPECT_FALSE(chain.first_is_active());
  (void)chain.step();
  EXPECT_EQ(chain.current().mse, 0.25);
  EXPECT_FALSE(chain.advance(next, 0)) << "there is no third";
  chain.begin(order_);
  EXPECT_TRUE(chain.first_is_active());
  EXPECT_EQ(log_, (Log{"a>", "a", "b>", "b", "a>"}));
}

TEST_F(ScriptedChain, ThePlateausTurnComesOnceInSoManyPerturbations) {
  Neighbourhoods chain = this->chain(true, {.plateau_every = 3});
  for (const auto& [idle, turn] : {std::pair{0, false}, {1, false}, {2, true}, {3, false}, {5, true}}) {
    chain.begin(order_);
    ASSERT_TRUE(chain.advance(order_, idle));
    EXPECT_EQ(chain.advance(order_, idle), turn) << idle << " perturbations";
    if (turn) {
      EXPECT_FALSE(chain.advance(order_, idle)) << "it is the last";
    }
  }
  EXPECT_EQ(plateau_.begun.size(), 2U);
}

TEST_F(ScriptedChain, StagnatesWhereSoManyStepsLowerTheErrorTooLittle) {
  Neighbourhoods chain = this->chain(false, {.pace_steps = 3, .pace = 0.9});
  chain.begin(order_);
  // The first of each four errors is what the fourth is compared with.
  for (const double mse : {1.0, 0.97, 0.93}) EXPECT_FALSE(chain.stagnates(mse));
  EXPECT_FALSE(chain.stagnates(0.89)) << "fast enough";
  for (const double mse : {0.89, 0.88, 0.87}) EXPECT_FALSE(chain.stagnates(mse));
  EXPECT_TRUE(chain.stagnates(0.86));
  for (const double mse : {0.86, 0.86, 0.86}) EXPECT_FALSE(chain.stagnates(mse)) << "it is counted anew";
  chain.begin(order_);
  for (const double mse : {0.86, 0.86, 0.86}) EXPECT_FALSE(chain.stagnates(mse)) << "a new way, a new pace";
  EXPECT_TRUE(chain.stagnates(0.86));
}

TEST_F(ScriptedChain, GoesOnFromItsState) {
  Neighbourhoods first = chain(true);
  first.begin(order_);
  first.add_work(40);
  for (int i = 0; i < 5; ++i) (void)first.stagnates(1);
  (void)first.advance(order_, 0);
  Neighbourhoods second = chain(true);
  testing::set_state(second, testing::state_of(first));
  EXPECT_FALSE(second.first_is_active());
  EXPECT_EQ(second.work(), 40);
  EXPECT_EQ(second.current().blocks, order_.blocks);
  EXPECT_EQ(testing::state_of(second), testing::state_of(first));
}

TEST_F(ScriptedChain, RefusesATurnOfNone) {
  Neighbourhoods chain = this->chain(false);
  chain.begin(order_);
  std::vector<std::int64_t> words = testing::state_of(chain);
  words[words.size() - 4] = 2;  // the active one of two
  StateArchive archive(words);
  EXPECT_THROW(chain.state(archive), InputError);
}

}  // namespace
}  // namespace kintsugi
