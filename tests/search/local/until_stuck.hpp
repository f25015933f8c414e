#pragma once

#include <gtest/gtest.h>

#include "search/on_planted.hpp"

namespace kintsugi::testing {

/// Steps until stuck and checks every report against orders and errors recomputed. Returns the last order.
template <class Recompute>
ScoredOrder run_until_stuck(Step& search, const ScoredOrder& from, const Recompute& recompute) {
  // Sums of float32 errors in another order: the model's base error and the evaluator's differ by no more.
  constexpr double kRounding = 1e-5;
  search.begin(from);
  for (int step = 0; step < 300; ++step) {
    const Blocks before = search.current().blocks;
    const double error_before = recompute(before);
    const StepReport report = search.step();
    const ScoredOrder& now = search.current();
    EXPECT_EQ(now.tiles, from.tiles);
    EXPECT_EQ(sorted_pieces(now.blocks), sorted_pieces(before));
    EXPECT_EQ(report.improved, now.blocks != before);
    EXPECT_EQ(report.moves > 0, report.improved);
    EXPECT_FALSE(report.improved && report.stuck);
    if (report.improved) {
      EXPECT_EQ(now.mse, recompute(now.blocks)) << "claimed and recomputed";
      EXPECT_LT(now.mse, error_before * (1 + kRounding));
    }
    if (report.stuck) return now;
  }
  ADD_FAILURE() << "not stuck after 300 steps";
  return search.current();
}

}  // namespace kintsugi::testing
