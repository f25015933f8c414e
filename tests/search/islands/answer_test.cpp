#include "search/islands/answer.hpp"

#include <gtest/gtest.h>

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
  const std::vector<Margin> margins = swap_margins(place.group(), {truth_, mse, 0}, place.all_tiles(), place.floor());
  ASSERT_EQ(margins.size(), truth_.size() - 1);
  for (std::size_t p = 0; p < margins.size(); ++p) {
    EXPECT_EQ(margins[p].position, static_cast<int>(p));
    EXPECT_GT(margins[p].standard_error, 0);
    EXPECT_FALSE(margins[p].interchangeable) << "no order solves it";
  }
  EXPECT_TRUE(swap_margins(place.group(), {{truth_.front()}, 0, 0}, 1, place.floor()).empty());
}

}  // namespace
}  // namespace kintsugi
