#include "objective/memory_budget.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "kintsugi/search/options.hpp"

namespace kintsugi {
namespace {

TEST(MemoryBudget, OfTheDefault) {
  const MemoryBudget budget = memory_budget(SearchOptions{}.memory);
  EXPECT_EQ(budget.effects, MemoryBudget{}.effects);
  EXPECT_EQ(budget.slopes, MemoryBudget{}.slopes);
  EXPECT_EQ(budget.table, MemoryBudget{}.table);
}

TEST(MemoryBudget, TakesNoMoreThanItIsGivenAndNearlyAll) {
  for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{1}, std::int64_t{10}, std::int64_t{11},
                                   std::int64_t{999'999'999}, std::numeric_limits<std::int64_t>::max()}) {
    const MemoryBudget budget = memory_budget(bytes);
    const std::size_t sum = budget.effects + budget.slopes + budget.table;
    EXPECT_LE(sum, static_cast<std::size_t>(bytes));
    EXPECT_GE(sum + 3, static_cast<std::size_t>(bytes) - static_cast<std::size_t>(bytes) % 11) << bytes;
  }
}

}  // namespace
}  // namespace kintsugi
