#include "search/islands/stop_rule.hpp"

#include <gtest/gtest.h>

#include <array>

namespace kintsugi {
namespace {

TEST(StopRule, WhatEndsASearchAndInWhichOrder) {
  SearchOptions options;
  options.max_evaluations = 100;
  // All reasons to end at once; then one after the other is taken away.
  StopVotes votes{.solved = true, .noise = true, .searching = false, .stop_requested = true, .late = true};
  const auto expect = [&](Status status, bool checkpoint, std::int64_t evaluations) {
    for (const bool due : {false, true}) {
      votes.checkpoint_due = due;
      const StopDecision decision = decide(votes, evaluations, options);
      EXPECT_TRUE(decision.stop) << to_string(status);
      EXPECT_EQ(decision.status, status);
      EXPECT_EQ(decision.checkpoint, checkpoint) << to_string(status) << ": what a limit ends can be resumed";
    }
  };
  expect(Status::solved, false, 100);
  votes.solved = false;
  expect(Status::noise, false, 100);
  votes.noise = false;
  expect(Status::interrupted, true, 100);
  votes.stop_requested = false;
  expect(Status::time_limit, true, 100);
  votes.late = false;
  expect(Status::evaluations, true, 100);
  expect(Status::evaluations, true, 101);
  expect(Status::not_solved, false, 99);
}

TEST(StopRule, ASearchGoesOnUntilThen) {
  SearchOptions options;
  for (const std::int64_t limit : {0, 100}) {
    options.max_evaluations = limit;
    for (const bool due : {false, true}) {
      const StopDecision decision = decide({.searching = true, .checkpoint_due = due}, 99, options);
      EXPECT_FALSE(decision.stop);
      EXPECT_EQ(decision.checkpoint, due);
      EXPECT_EQ(decision.status, Status::not_solved);
    }
  }
  options.max_evaluations = 0;
  EXPECT_FALSE(decide({.searching = true}, std::int64_t{1} << 60, options).stop) << "0 is no limit";
}

constexpr std::array kVotes{&StopVotes::solved,         &StopVotes::noise, &StopVotes::searching,
                            &StopVotes::stop_requested, &StopVotes::late,  &StopVotes::checkpoint_due};

TEST(StopRule, WhatOneRankHasSeenAllKnow) {
  const mpi::Comm world = mpi::Comm::world();
  for (int rank = 0; rank < world.size(); ++rank) {
    for (const auto vote : kVotes) {
      StopVotes own;
      own.*vote = world.rank() == rank;
      const StopVotes agreed = agree_on(world, own);
      for (const auto other : kVotes) EXPECT_EQ(agreed.*other, other == vote);
    }
  }
  const StopVotes none = agree_on(world, {});
  for (const auto vote : kVotes) EXPECT_FALSE(none.*vote);
}

}  // namespace
}  // namespace kintsugi
