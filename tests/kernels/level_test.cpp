// Choosing among the levels of processors that the kernels were compiled for.
#include "kernels/level.hpp"

#include <gtest/gtest.h>

#include <string>

#include "kernels/code.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels {
namespace {

TEST(Level, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const std::size_t before = level();
  try {
    use_level("x86-64-v9");
    FAIL() << "taken";
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("'x86-64-v9'"), std::string::npos) << text;
    EXPECT_NE(text.find(levels().size() == 1 ? "one kind only" : "x86-64-v2, x86-64-v3"), std::string::npos) << text;
  }
  EXPECT_EQ(level(), before);
}

TEST(Level, TheLowestRunsEverywhereAndTheHighestIsTheFirstChoice) {
  const std::size_t first = level();
  EXPECT_LT(first, levels().size());
  const Code* const highest = &code();
  use_level(std::size_t{0});
  EXPECT_EQ(level(), 0U);
  EXPECT_EQ(&code() == highest, first == 0);
  use_level(first);
  EXPECT_EQ(&code(), highest);
}

}  // namespace
}  // namespace kintsugi::kernels
