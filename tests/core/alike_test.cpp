#include "core/alike.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace kintsugi {
namespace {

std::vector<float> numbers(std::size_t count, float factor) {
  std::vector<float> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(factor * std::sin(static_cast<float>(i)));
  return result;
}

TEST(Likeness, IsOfPiecesThatDifferByAShareOfTheNorm) {
  PairingParameters parameters;
  parameters.alike = 0.1;
  const std::vector<float> one = numbers(200, 1);
  const std::vector<float> near = numbers(200, 1.09F);
  const std::vector<float> far = numbers(200, 1.11F);
  const std::vector<float> shorter = numbers(199, 1);
  const Likeness alike({one, near, far, shorter}, parameters);
  EXPECT_TRUE(alike(0, 0));
  EXPECT_TRUE(alike(0, 1));
  EXPECT_FALSE(alike(0, 2));
  EXPECT_FALSE(alike(0, 3));
  EXPECT_NEAR(alike.norm(1), 1.09 * alike.norm(0), 1e-5);
}

TEST(Likeness, OfZerosIsThatOfEqualOnes) {
  const std::vector<float> zeros(70, 0.0F);
  const std::vector<float> others = numbers(70, 1e-20F);
  const Likeness alike({zeros, zeros, others}, {});
  EXPECT_TRUE(alike(0, 1));
  EXPECT_FALSE(alike(0, 2));
}

TEST(Likeness, LooksAtWhatComesBehindTheFirstNumbers) {
  std::vector<float> one = numbers(200, 1);
  std::vector<float> other = one;
  for (std::size_t i = 100; i < 200; ++i) other[i] = -other[i];
  EXPECT_FALSE(Likeness({one, other}, {})(0, 1));
}

}  // namespace
}  // namespace kintsugi
