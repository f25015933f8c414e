#include <algorithm>
#include <cmath>
#include <vector>

#include "search/on_planted.hpp"
#include "search/rounds/depth_round.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::OnPlanted;
using kintsugi::testing::set_state;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::state_of;

// The truth with normal deviates of `spread` places added to the positions.
Blocks jittered(const Blocks& truth, double spread, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::pair<double, Block>> placed;
  for (std::size_t p = 0; p < truth.size(); ++p)
    placed.emplace_back(static_cast<double>(p) + spread * random.normal(), truth[p]);
  std::ranges::stable_sort(placed, {}, &std::pair<double, Block>::first);
  Blocks order;
  for (const auto& [position, block] : placed) order.push_back(block);
  return order;
}

class DepthRounds : public OnPlanted {
 protected:
  DepthRounds() : OnPlanted(testing::make_planted(24, 10, 32 * kTiles)) {}

  ScoredOrder run(Step& round, const Blocks& from, int steps) {
    round.begin(scored(from));
    for (int i = 0; i < steps && !round.step().stuck; ++i) {
    }
    return round.current();
  }
};

TEST_F(DepthRounds, APriorAtTheTruthLeadsThereInEitherDirection) {
  const Blocks start = jittered(truth(), 3, 1);
  for (const bool reversed : {false, true}) {
    Blocks line = jittered(truth(), 0.5, 2);
    if (reversed) std::ranges::reverse(line);
    DepthPrior prior(evaluator(), {.untrusted = {}, .lines = {line}, .line_places = 1}, {});
    DepthSteps round(evaluator(), prior, {});
    const ScoredOrder found = run(round, start, 40);
    EXPECT_LT(distance(found.blocks, truth()).inversions, distance(start, truth()).inversions / 3) << reversed;
    EXPECT_NEAR(found.mse, error(found.blocks), 1e-5 * found.mse + 1e-14);
  }
}

TEST_F(DepthRounds, AWrongPriorGivesWay) {
  // A line that has nothing to do with depth: its deviation is learnt, and the data win.
  const Blocks start = jittered(truth(), 1.5, 3);
  DepthPrior prior(evaluator(), {.untrusted = {}, .lines = {shuffled_blocks(problem_, 9)}, .line_places = 2}, {});
  DepthSteps round(evaluator(), prior, {});
  EXPECT_LT(run(round, start, 40).mse, 0.5 * error(start));
}

TEST_F(DepthRounds, DecisionsOnNearPairsLowerErrorAndInversions) {
  const Blocks start = jittered(truth(), 1.0, 4);
  DepthPrior prior(evaluator(), {.untrusted = {}, .lines = {jittered(truth(), 1, 5)}, .line_places = 1}, {});
  PairDecoding round(evaluator(), Random(5), prior, {});
  const ScoredOrder found = run(round, start, 12);
  EXPECT_LT(found.mse, 0.2 * error(start));
  EXPECT_LT(distance(found.blocks, truth()).inversions, distance(start, truth()).inversions);
  EXPECT_NEAR(found.mse, error(found.blocks), 1e-5 * found.mse + 1e-14);
}

TEST_F(DepthRounds, StepsAreThoseOfOneRank) {
  const mpi::Comm self = mpi::Comm::self();
  testing::Workbench alone(self, problem_, {1, 1});
  const Blocks start = jittered(truth(), 2, 6);
  const SearchClues clues{.untrusted = {}, .lines = {jittered(truth(), 1, 7)}, .line_places = 1};
  DepthPrior prior(evaluator(), clues, {});
  DepthPrior prior_alone(alone.evaluator(), clues, {});
  DepthSteps steps(evaluator(), prior, {});
  DepthSteps steps_alone(alone.evaluator(), prior_alone, {});
  PairDecoding decoding(evaluator(), Random(8), prior, {});
  PairDecoding decoding_alone(alone.evaluator(), Random(8), prior_alone, {});
  const auto same = [&](Step& one, Step& other) {
    one.begin(scored(start));
    other.begin(scored(start));
    for (int i = 0; i < 4; ++i) {
      (void)one.step();
      (void)other.step();
      EXPECT_EQ(state_of(one), state_of(other)) << "step " << i;
    }
  };
  same(steps, steps_alone);
  same(decoding, decoding_alone);
  DepthRound round(evaluator(), Random(8), clues, {});
  DepthRound round_alone(alone.evaluator(), Random(8), clues, {});
  same(round, round_alone);
}

TEST_F(DepthRounds, GoOnFromTheirState) {
  const Blocks start = jittered(truth(), 2, 6);
  const SearchClues clues{.untrusted = {}, .lines = {jittered(truth(), 1, 7)}, .line_places = 1};
  DepthRound first(evaluator(), Random(8), clues, {});
  DepthRound second(evaluator(), Random(99), clues, {});
  first.begin(scored(start));
  for (int i = 0; i < 60; ++i) {
    set_state(second, state_of(first));
    const bool stuck = first.step().stuck;
    EXPECT_EQ(second.step().stuck, stuck);
    ASSERT_EQ(state_of(first), state_of(second)) << "step " << i;
    if (stuck) first.begin(scored(start));
  }
}

TEST_F(DepthRounds, HomesOutweighALineThatIsFarOff) {
  // All but one block stand, in the order and in the line, where they belong.
  Blocks line = truth();
  std::rotate(line.begin() + 4, line.begin() + 5, line.begin() + 20);
  DepthPrior prior(evaluator(), {.untrusted = {}, .lines = {line}, .line_places = 1}, {});
  prior.begin(line);
  prior.set_order(line, DepthPrior::Knows::line);
  EXPECT_DOUBLE_EQ(prior.energy(line), 0);
  const double by_line = prior.energy(truth());
  EXPECT_GT(by_line, 50) << "a normal density";
  prior.set_order(line, DepthPrior::Knows::line_and_homes);
  EXPECT_LT(prior.energy(truth()) - prior.energy(line), by_line / 2) << "Student's t";
}

TEST_F(DepthRounds, PairsAreUnlikelierToHaveChangedSidesTheFartherApartTheyAre) {
  DepthPrior prior(evaluator(), {.untrusted = {}, .lines = {truth()}, .line_places = 2}, {});
  prior.begin(truth());
  prior.set_order(truth(), DepthPrior::Knows::line);
  EXPECT_GT(prior.flip_cost(10, 11, 20), 0);
  for (std::size_t second = 12; second < 16; ++second)
    EXPECT_GT(prior.flip_cost(10, second, 20), prior.flip_cost(10, second - 1, 20));
  EXPECT_NEAR(prior.flip_cost(10, 12, 20), -prior.flip_cost(12, 10, 20), 1e-9) << "the odds of the other order";
}

TEST(PairDecodingReach, FallsWithDepth) {
  const PairDecodingParameters parameters;
  EXPECT_EQ(PairDecoding::reach(3, parameters), 2U) << "no pair is farther apart";
  EXPECT_EQ(PairDecoding::reach(100, parameters), parameters.reach);
  EXPECT_LE(PairDecoding::reach(1024, parameters) * 1024, parameters.most_pairs);
  EXPECT_EQ(PairDecoding::reach(parameters.most_pairs + 1, parameters), 0U);
}

}  // namespace
}  // namespace kintsugi
