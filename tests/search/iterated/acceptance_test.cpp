#include "search/iterated/acceptance.hpp"

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi {
namespace {

TEST(Acceptance, OfBetterOrdersAndOfSlightlyWorseOnes) {
  const ScoredOrder incumbent{{}, 1.0, 1};
  const auto taken = [&](double mse, double worse) { return accepts(incumbent, {{}, mse, 1}, {.worse = worse}); };
  EXPECT_TRUE(taken(0.9, 0));
  EXPECT_FALSE(taken(1.0, 0)) << "an equal one leads nowhere";
  EXPECT_FALSE(taken(1.01, 0));
  EXPECT_TRUE(taken(1.0, 0.25));
  EXPECT_TRUE(taken(1.24, 0.25));
  EXPECT_FALSE(taken(1.25, 0.25));
  EXPECT_FALSE(taken(testing::kUnknown, 10)) << "it overflows";
}

}  // namespace
}  // namespace kintsugi
