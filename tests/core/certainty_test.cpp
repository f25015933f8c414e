#include "core/certainty.hpp"

#include <gtest/gtest.h>

namespace kintsugi {
namespace {

Solution with_margins(Status status) {
  Solution solution;
  solution.status = status;
  solution.margins = {{.position = 0, .change = 2e-3, .standard_error = 1e-3},
                      {.position = 1, .change = 5e-3, .standard_error = 1e-3},
                      {.position = 2, .change = 9e-3, .standard_error = 1e-3, .interchangeable = true}};
  return solution;
}

TEST(Certainty, OfAnAnswerTheMarginsThemselvesSay) {
  for (const Status status : {Status::solved, Status::reproduced, Status::precision, Status::noise}) {
    const Certainty sure = certainty_of(with_margins(status));
    EXPECT_TRUE(sure.of_answer);
    EXPECT_EQ(sure.certain, 2U);
    EXPECT_EQ(sure.of, 3U);
  }
}

TEST(Certainty, OfAnotherOrderARiseCountsFromThreeStandardErrors) {
  for (const Status status : {Status::not_solved, Status::time_limit, Status::interrupted, Status::unfinished}) {
    const Certainty sure = certainty_of(with_margins(status));
    EXPECT_FALSE(sure.of_answer);
    EXPECT_EQ(sure.certain, 1U);
  }
}

TEST(Certainty, WithoutMarginsNothingWasAsked) { EXPECT_EQ(certainty_of(Solution()).of, 0U); }

}  // namespace
}  // namespace kintsugi
