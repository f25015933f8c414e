#include "objective/memory_budget.hpp"

#include <gtest/gtest.h>

namespace kintsugi {
namespace {

TEST(MemoryBudget, NeverSumsUpToMoreThanTheRanksHave) {
  for (const std::size_t ranks : {1U, 3U, 64U}) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{7}, std::size_t{1} << 30}) {
      const MemoryBudget budget = memory_budget(bytes, ranks);
      EXPECT_LE(budget.effects + budget.slopes + ranks * budget.table, ranks * bytes);
      EXPECT_GE(budget.effects + budget.slopes + ranks * budget.table + 6 * ranks, ranks * bytes);
    }
  }
}

}  // namespace
}  // namespace kintsugi
