#include "search/iterated/perturbation.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::sequence_of;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::sorted_pieces;

// How far the one block was moved that makes one order of the other; none where it takes more than one.
std::optional<int> single_insertion(const Blocks& from, const Blocks& to) {
  for (int a = 0; a < static_cast<int>(from.size()); ++a) {
    for (int b = 0; b < static_cast<int>(from.size()); ++b) {
      Blocks moved = from;
      insert_in(moved, a, b);
      if (moved == to) return std::abs(a - b);
    }
  }
  return std::nullopt;
}

class PerturbationOnPlanted : public testing::OnPlanted {
 protected:
  Perturbation perturbation(PerturbationKind kind = PerturbationKind::kick, const std::set<int>& untrusted = {},
                            std::uint64_t seed = 1) {
    return {evaluator(), kind, untrusted, Random(seed), parameters_.perturbation};
  }
};

TEST_F(PerturbationOnPlanted, AKickMovesABlockWithinItsReach) {
  parameters_.perturbation.kick_moves = 1;
  parameters_.perturbation.kick_reach = 3;
  Perturbation kick = perturbation();
  EXPECT_FALSE(kick.replaces_incumbent());
  const ScoredOrder incumbent = shuffled(1);
  int farthest = 0;
  for (int i = 0; i < 60; ++i) {
    const Perturbation::Result result = kick.apply(incumbent, shuffled(2));
    EXPECT_EQ(result.event, Event::kick);
    EXPECT_EQ(result.moves, 1);
    EXPECT_EQ(result.order.tiles, kTiles);
    EXPECT_EQ(result.order.mse, error(result.order.blocks));
    const std::optional<int> shift = single_insertion(incumbent.blocks, result.order.blocks);
    ASSERT_TRUE(shift);
    farthest = std::max(farthest, *shift);
  }
  EXPECT_EQ(farthest, 3);
}

TEST_F(PerturbationOnPlanted, AKickMakesUpToSoManyMoves) {
  parameters_.perturbation.kick_moves = 4;
  parameters_.perturbation.kick_reach = 2;
  Perturbation kick = perturbation();
  std::set<std::int64_t> moves;
  for (int i = 0; i < 60; ++i) {
    const Perturbation::Result result = kick.apply(scored(truth()), scored(truth()));
    EXPECT_EQ(sorted_pieces(result.order.blocks), sorted_pieces(truth()));
    ASSERT_TRUE(result.moves);
    EXPECT_LE(distance(result.order.blocks, truth()).inversions, static_cast<std::size_t>(2 * *result.moves));
    moves.insert(*result.moves);
  }
  EXPECT_EQ(moves, (std::set<std::int64_t>{1, 2, 3, 4}));
}

TEST_F(PerturbationOnPlanted, AKickTradesUntrustedPairsOnly) {
  parameters_.perturbation.exchange_every = 1;
  const std::set<int> untrusted{truth()[2].expand, truth()[4].expand, truth()[7].expand};
  Perturbation kick = perturbation(PerturbationKind::kick, untrusted);
  std::set<int> traded;
  for (int i = 0; i < 40; ++i) {
    const Blocks order = kick.apply(scored(truth()), scored(truth())).order.blocks;
    EXPECT_EQ(sequence_of(order), sequence_of(truth()));
    EXPECT_EQ(sorted_pieces(order), sorted_pieces(truth()));
    for (std::size_t p = 0; p < order.size(); ++p) {
      if (order[p] != truth()[p]) traded.insert(order[p].expand);
    }
  }
  EXPECT_EQ(traded, untrusted);
}

class PerturbationOnSizes : public testing::OnPlanted {
 protected:
  PerturbationOnSizes() : OnPlanted(testing::outputs_problem(kTiles)) {}
};

TEST_F(PerturbationOnSizes, AKickKeepsToBlocksOfOneHiddenSize) {
  parameters_.perturbation.exchange_every = 1;
  Perturbation kick(evaluator(), PerturbationKind::kick, testing::expand_pieces(truth()), Random(1),
                    parameters_.perturbation);
  ScoredOrder order = scored(truth());
  for (int i = 0; i < 40; ++i) {
    order = kick.apply(order, order).order;
    for (const Block& block : order.blocks) {
      EXPECT_EQ(evaluator().weights().hidden(block.expand), evaluator().weights().hidden(block.compress));
    }
  }
  EXPECT_NE(order.blocks, truth());
}

TEST_F(PerturbationOnPlanted, ACrossoverPutsAWindowIntoAnothersSequence) {
  parameters_.perturbation.cross_every = 1;
  Perturbation crossover = perturbation();
  const ScoredOrder incumbent = shuffled(1);
  const Blocks elite = shuffled_blocks(problem_, 2);
  crossover.set_elites({elite});
  for (int i = 0; i < 20; ++i) {
    const Perturbation::Result result = crossover.apply(incumbent, shuffled(3));
    ASSERT_EQ(result.event, Event::crossover);
    const Blocks& child = result.order.blocks;
    EXPECT_EQ(result.order.mse, error(child));
    EXPECT_EQ(sorted_pieces(child), sorted_pieces(incumbent.blocks));
    for (const Block& block : child) EXPECT_EQ(std::ranges::count(incumbent.blocks, block), 1) << "pairs stay";
    // Between the first and the last place that has changed, the sequence is the elite's.
    ASSERT_NE(child, incumbent.blocks);
    std::size_t first = 0;
    while (child[first] == incumbent.blocks[first]) ++first;
    std::size_t last = child.size() - 1;
    while (child[last] == incumbent.blocks[last]) --last;
    for (std::size_t p = first; p < last; ++p) {
      EXPECT_LT(position_of(child[p].expand, elite), position_of(child[p + 1].expand, elite));
    }
  }
}

TEST_F(PerturbationOnPlanted, OneKickInSoManyIsACrossover) {
  parameters_.perturbation.cross_every = 4;
  Perturbation some = perturbation();
  some.set_elites({shuffled_blocks(problem_, 2)});
  int crossovers = 0;
  for (int i = 0; i < 100; ++i) crossovers += some.apply(shuffled(1), shuffled(1)).event == Event::crossover ? 1 : 0;
  // 25 are expected, with a standard deviation of 4.3.
  EXPECT_GE(crossovers, 10);
  EXPECT_LE(crossovers, 40);
}

TEST_F(PerturbationOnPlanted, ACrossoverNeedsAnotherOrder) {
  parameters_.perturbation.cross_every = 1;
  Perturbation none = perturbation();
  EXPECT_EQ(none.apply(shuffled(1), shuffled(1)).event, Event::kick);
  none.set_elites({shuffled(1).blocks});
  EXPECT_EQ(none.apply(shuffled(1), shuffled(1)).event, Event::kick) << "children would all be copies";
}

TEST_F(PerturbationOnPlanted, ARestartShufflesAndReplacesTheIncumbent) {
  Perturbation restart = perturbation(PerturbationKind::restart);
  restart.set_elites({truth()});
  EXPECT_TRUE(restart.replaces_incumbent());
  const ScoredOrder current = shuffled(2, 3);
  std::set<std::vector<int>> sequences;
  for (int i = 0; i < 10; ++i) {
    const Perturbation::Result result = restart.apply(scored(truth()), current);
    EXPECT_EQ(result.event, Event::restart);
    EXPECT_FALSE(result.moves);
    EXPECT_EQ(result.order.tiles, 3U);
    EXPECT_EQ(result.order.mse, error(result.order.blocks, 3));
    for (const Block& block : result.order.blocks) EXPECT_EQ(std::ranges::count(current.blocks, block), 1);
    sequences.insert(sequence_of(result.order.blocks));
  }
  EXPECT_EQ(sequences.size(), 10U);
}

TEST_F(PerturbationOnPlanted, GoesOnFromItsState) {
  Perturbation first = perturbation();
  first.set_elites({shuffled_blocks(problem_, 4)});
  (void)first.apply(shuffled(1), shuffled(1));
  Perturbation second = perturbation(PerturbationKind::kick, {}, 99);
  testing::set_state(second, testing::state_of(first));
  EXPECT_EQ(second.elites(), first.elites());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(first.apply(shuffled(1), shuffled(1)).order.blocks, second.apply(shuffled(1), shuffled(1)).order.blocks);
  }
}

}  // namespace
}  // namespace kintsugi
