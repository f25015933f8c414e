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
    DepthSteps round(evaluator(), {.untrusted = {}, .lines = {line}, .line_places = 1}, {});
    const ScoredOrder found = run(round, start, 40);
    EXPECT_LT(distance(found.blocks, truth()).inversions, distance(start, truth()).inversions / 3) << reversed;
    EXPECT_NEAR(found.mse, error(found.blocks), 1e-5 * found.mse + 1e-14);
  }
}

TEST_F(DepthRounds, AWrongPriorGivesWay) {
  // A line that has nothing to do with depth: its deviation is learnt, and the data win.
  const Blocks start = jittered(truth(), 1.5, 3);
  DepthSteps round(evaluator(), {.untrusted = {}, .lines = {shuffled_blocks(problem_, 9)}, .line_places = 2}, {});
  EXPECT_LT(run(round, start, 40).mse, 0.5 * error(start));
}

TEST_F(DepthRounds, DecisionsOnNearPairsLowerErrorAndInversions) {
  const Blocks start = jittered(truth(), 1.0, 4);
  PairDecoding round(evaluator(), Random(5), {.untrusted = {}, .lines = {jittered(truth(), 1, 5)}, .line_places = 1},
                     {});
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
  DepthSteps steps(evaluator(), clues, {});
  DepthSteps steps_alone(alone.evaluator(), clues, {});
  PairDecoding decoding(evaluator(), Random(8), clues, {});
  PairDecoding decoding_alone(alone.evaluator(), Random(8), clues, {});
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
  const auto resumes = [&](Step& first, Step& second) {
    first.begin(scored(start));
    (void)first.step();
    set_state(second, state_of(first));
    for (int i = 0; i < 3; ++i) {
      (void)first.step();
      (void)second.step();
    }
    EXPECT_EQ(state_of(first), state_of(second));
  };
  DepthSteps steps(evaluator(), clues, {});
  DepthSteps more_steps(evaluator(), clues, {});
  resumes(steps, more_steps);
  PairDecoding decoding(evaluator(), Random(8), clues, {});
  PairDecoding more_decoding(evaluator(), Random(99), clues, {});
  resumes(decoding, more_decoding);
  DepthRound round(evaluator(), Random(8), clues, {});
  DepthRound more_rounds(evaluator(), Random(99), clues, {});
  resumes(round, more_rounds);
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
