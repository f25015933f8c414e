#include "search/islands/answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "search/islands/planted_islands.hpp"
#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::PlantedIslands;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;

class AnswerOfThree : public ::testing::Test {
 protected:
  AnswerOfThree() {
    options_.islands = 3;
    options_.search = "insertion";
  }
  Answer answer_of(const std::vector<Blocks>& bests) {
    PlantedIslands place(world_, problem_, options_);
    std::vector<Island> own = place.begun_at(bests);
    const Answer answer = choose_answer(place.group(), own);
    const Evaluator::Check check = place.evaluator().check(answer.blocks);
    EXPECT_EQ(answer.mse, check.mse);
    EXPECT_EQ(answer.largest_error, check.largest_error);
    return answer;
  }

  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = testing::noise_and_a_copy();
  const Blocks truth_ = problem_.truth.blocks;
  const Blocks twin_ = testing::twin_of(truth_, problem_.network);
  const Blocks wrong_ = shuffled_blocks(problem_, 1);
  SearchOptions options_;
};

TEST_F(AnswerOfThree, IsTheOrderOfTheLowestError) {
  EXPECT_EQ(answer_of({truth_, wrong_, wrong_}).blocks, truth_);
  EXPECT_EQ(answer_of({wrong_, truth_, wrong_}).blocks, truth_);
  EXPECT_EQ(answer_of({wrong_, wrong_, truth_}).blocks, truth_);
}

TEST_F(AnswerOfThree, IsTheLowestIslandsOfEquals) {
  const Answer one = answer_of({wrong_, truth_, twin_});
  const Answer other = answer_of({wrong_, twin_, truth_});
  EXPECT_EQ(one.mse, other.mse);
  EXPECT_EQ(one.blocks, truth_);
  EXPECT_EQ(other.blocks, twin_);
}

TEST_F(AnswerOfThree, HasAMarginForEachTwoNeighbours) {
  PlantedIslands place(world_, problem_, options_);
  const double mse = place.scored(truth_).mse;
  const std::vector<Margin> margins =
      swap_margins(place.group(), {.blocks = truth_, .mse = mse}, place.all_tiles(), place.floor(), {});
  ASSERT_EQ(margins.size(), truth_.size() - 1);
  for (std::size_t p = 0; p < margins.size(); ++p) {
    EXPECT_EQ(margins[p].position, static_cast<int>(p));
    EXPECT_GT(margins[p].standard_error, 0);
    Blocks swapped = truth_;
    std::swap(swapped[p], swapped[p + 1]);
    EXPECT_EQ(margins[p].interchangeable, swapped == twin_) << "no order solves it, but two blocks may be equal";
  }
  EXPECT_TRUE(swap_margins(place.group(), {.blocks = {truth_.front()}}, 1, place.floor(), {}).empty());
}

TEST_F(AnswerOfThree, CallsNoneCertainWhoseSwapLowersTheError) {
  const PlantedProblem solvable = testing::make_planted(6, 10, 200);
  PlantedIslands place(world_, solvable, options_);
  Blocks order = solvable.truth.blocks;
  std::swap(order[2], order[3]);
  // As if this order were within reach of rounding.
  const double mse = place.scored(order).mse;
  const Answer answer{.blocks = order, .mse = mse, .verdict = {.excess = 1, .explained = 0}, .solved = true};
  const std::vector<Margin> margins = swap_margins(place.group(), answer, place.all_tiles(), place.floor(), {});
  ASSERT_EQ(margins.size(), 5U);
  EXPECT_LT(margins[2].change, 0);
  EXPECT_TRUE(margins[2].interchangeable);
  EXPECT_FALSE(margins[0].interchangeable);
}

TEST_F(AnswerOfThree, KnowsNothingOfRowsThatAreAllEqual) {
  PlantedProblem equal = testing::make_planted(6, 10, 200);
  for (std::size_t i = 10; i < equal.rows->inputs.size(); ++i) equal.rows->inputs[i] = equal.rows->inputs[i % 10];
  for (float& prediction : equal.rows->predictions) prediction = equal.rows->predictions[0];
  PlantedIslands place(world_, equal, options_);
  const Blocks& truth = equal.truth.blocks;
  const Answer answer{.blocks = truth, .mse = place.scored(truth).mse, .solved = true};
  const std::vector<Margin> margins = swap_margins(place.group(), answer, place.all_tiles(), place.floor(), {});
  EXPECT_EQ(std::ranges::count_if(margins, &Margin::interchangeable), 5);
}

TEST_F(AnswerOfThree, NeverTellsEqualBlocksApart) {
  PlantedProblem copies = testing::make_planted(6, 10, 200);
  const Blocks& truth = copies.truth.blocks;
  const auto copy = [&](int from, int to) {
    const Piece piece = copies.network.pieces[static_cast<std::size_t>(from)];
    copies.network.pieces[static_cast<std::size_t>(to)].weight = piece.weight;
    copies.network.pieces[static_cast<std::size_t>(to)].bias = piece.bias;
  };
  copy(truth[1].expand, truth[2].expand);
  copy(truth[1].compress, truth[2].compress);
  PlantedIslands place(world_, copies, options_);
  const Answer answer{.blocks = truth, .mse = place.scored(truth).mse};
  const std::vector<Margin> margins = swap_margins(place.group(), answer, place.all_tiles(), place.floor(), {});
  for (const Margin& margin : margins) EXPECT_EQ(margin.interchangeable, margin.position == 1);
}

TEST_F(AnswerOfThree, SaysNothingOfWhatIsNotFinite) {
  PlantedProblem large = testing::make_planted(6, 10, 200);
  for (Piece& piece : large.network.pieces) {
    for (float& weight : piece.weight) weight *= 1e20F;
  }
  PlantedIslands place(world_, large, options_);
  const Answer answer{.blocks = large.truth.blocks, .mse = place.scored(large.truth.blocks).mse};
  EXPECT_FALSE(std::isfinite(answer.mse));
  EXPECT_FALSE(place.floor().is_solved(answer.mse, {}));
  EXPECT_TRUE(swap_margins(place.group(), answer, place.all_tiles(), place.floor(), {}).empty());
}

}  // namespace
}  // namespace kintsugi
