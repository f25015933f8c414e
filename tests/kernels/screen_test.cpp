#include "kernels/screen.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/tiles.hpp"

namespace kintsugi::kernels {
namespace {

using kintsugi::testing::random_floats;

// Residuals and pulled-back adjoints of one tile, and the effects that pair_effects() finds.
struct Screened {
  Screened(std::size_t blocks_, std::size_t width_, std::size_t real_rows = kTileRows)
      : blocks(blocks_), width(width_), effects(blocks * blocks * kTileRows) {
    Random random(blocks, width);
    residuals = random_floats(random, blocks * width * kTileRows);
    pulled = random_floats(random, blocks * width * kTileRows);
    errors = random_floats(random, kTileRows, 3);
    // Rows that only fill the tile up have residuals like any other, but no gradient and no error.
    for (std::size_t i = 0; i < pulled.size(); ++i) pulled[i] = i % kTileRows < real_rows ? pulled[i] : 0;
    for (std::size_t row = real_rows; row < kTileRows; ++row) errors[row] = 0;
    TileBuffer scratch;
    pair_effects(blocks, width, residuals.data(), pulled.data(), effects.data(), scratch);
  }

  [[nodiscard]] double effect(std::size_t a, std::size_t b, std::size_t row) const {
    double sum = 0;
    for (std::size_t f = 0; f < width; ++f) {
      const std::size_t in_a = (a * width + f) * kTileRows + row;
      const std::size_t in_b = (b * width + f) * kTileRows + row;
      sum += static_cast<double>(pulled[in_a]) * residuals[in_b] - static_cast<double>(pulled[in_b]) * residuals[in_a];
    }
    return sum;
  }

  // What putting the block at `from` to `to` does to a row's prediction: it changes sides with those in between.
  [[nodiscard]] double move_effect(std::span<const int> order, std::size_t from, std::size_t to,
                                   std::size_t row) const {
    const auto block = [&](std::size_t position) { return static_cast<std::size_t>(order[position]); };
    double sum = 0;
    for (std::size_t p = from + 1; p <= to; ++p) sum += effect(block(from), block(p), row);
    for (std::size_t p = to; p < from; ++p) sum += effect(block(p), block(from), row);
    return sum;
  }

  [[nodiscard]] double change(std::span<const int> order, std::size_t from, std::size_t to) const {
    double sum = 0;
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const double c = move_effect(order, from, to, row);
      sum += (2 * static_cast<double>(errors[row]) + c) * c;
    }
    return sum;
  }

  std::size_t blocks;
  std::size_t width;
  TileBuffer residuals;
  TileBuffer pulled;
  TileBuffer errors;
  TileBuffer effects;
};

std::vector<int> shuffled(std::size_t blocks) {
  std::vector<int> order(blocks);
  std::iota(order.begin(), order.end(), 0);
  Random(blocks).shuffle(std::span(order));
  return order;
}

// Effects are sums of 2 * width products of normal numbers; a move adds up to `blocks` of them.
double tolerance(const Screened& s) { return 1e-6 * static_cast<double>(s.width * s.blocks); }

TEST(PairEffects, EqualTheFormulaInFloat64) {
  for (const std::size_t blocks : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 11U, 14U}) {
    for (const std::size_t width : {1U, 5U, 48U, 101U}) {
      const Screened s(blocks, width);
      for (std::size_t a = 0; a < blocks; ++a) {
        for (std::size_t b = 0; b < blocks; ++b) {
          for (std::size_t row = 0; row < kTileRows; ++row) {
            ASSERT_NEAR(s.effects[(a * blocks + b) * kTileRows + row], s.effect(a, b, row), tolerance(s) + 1e-5)
                << a << ", " << b << " of " << blocks << " blocks, width " << width;
          }
        }
      }
    }
  }
}

TEST(PairEffects, AreAntisymmetricToTheBit) {
  const Screened s(8, 13);
  for (std::size_t a = 0; a < s.blocks; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      for (std::size_t row = 0; row < kTileRows; ++row) {
        EXPECT_EQ(s.effects[(a * s.blocks + b) * kTileRows + row], -s.effects[(b * s.blocks + a) * kTileRows + row]);
      }
    }
  }
}

TEST(InsertionChanges, EqualDirectSumsOverRows) {
  const Screened s(9, 7);
  const std::vector<int> order = shuffled(s.blocks);
  for (std::size_t from = 0; from < s.blocks; ++from) {
    std::vector<double> change(s.blocks, 0.0);
    insertion_changes(order, from, 0, s.blocks - 1, s.effects.data(), s.errors.data(), change.data());
    for (std::size_t to = 0; to < s.blocks; ++to) {
      const double expected = s.change(order, from, to);
      EXPECT_NEAR(change[to], expected, 1e-4 * (1 + std::fabs(expected))) << from << " to " << to;
    }
  }
}

TEST(InsertionChanges, AddToTheWindowAndToNothingElse) {
  const Screened s(45, 3);
  constexpr std::size_t kFrom = 20;  // some vectors of windows behind it, and some before
  const std::vector<int> order = shuffled(s.blocks);
  std::vector<double> whole(s.blocks, 0.0);
  insertion_changes(order, kFrom, 0, s.blocks - 1, s.effects.data(), s.errors.data(), whole.data());
  for (std::size_t first = 0; first <= kFrom; ++first) {
    for (std::size_t last = kFrom; last < s.blocks; ++last) {
      std::vector<double> window(s.blocks, 1000.0);
      insertion_changes(order, kFrom, first, last, s.effects.data(), s.errors.data(), window.data());
      for (std::size_t i = 0; i < s.blocks; ++i) {
        const std::size_t to = first + i;
        const bool inside = to <= last && to != kFrom;
        EXPECT_EQ(window[i], inside ? 1000.0 + whole[to] : 1000.0) << "window " << first << " to " << last;
      }
    }
  }
}

TEST(InsertionChanges, AreWhatApplyInsertionDoesToTheSquaredErrors) {
  const Screened s(7, 6);
  const std::vector<int> order = shuffled(s.blocks);
  const auto squares = [](const TileBuffer& errors) {
    double sum = 0;
    for (const float error : errors) sum += static_cast<double>(error) * error;
    return sum;
  };
  for (std::size_t from = 0; from < s.blocks; ++from) {
    std::vector<double> change(s.blocks, 0.0);
    insertion_changes(order, from, 0, s.blocks - 1, s.effects.data(), s.errors.data(), change.data());
    for (std::size_t to = 0; to < s.blocks; ++to) {
      TileBuffer moved = s.errors;
      apply_insertion(order, from, to, s.effects.data(), moved.data());
      for (std::size_t row = 0; row < kTileRows; ++row) {
        ASSERT_NEAR(moved[row] - s.errors[row], s.move_effect(order, from, to, row), 2e-5);
      }
      const double after = squares(moved);
      EXPECT_NEAR(after - squares(s.errors), change[to], 1e-5 * (1 + after)) << from << " to " << to;
    }
  }
}

TEST(ApplyInsertion, IsUndoneByTheWayBack) {
  const Screened s(6, 4);
  std::vector<int> order = shuffled(s.blocks);
  TileBuffer errors = s.errors;
  apply_insertion(order, 1, 4, s.effects.data(), errors.data());
  const int moved = order[1];
  order.erase(order.begin() + 1);
  order.insert(order.begin() + 4, moved);
  apply_insertion(order, 4, 1, s.effects.data(), errors.data());
  for (std::size_t row = 0; row < kTileRows; ++row) EXPECT_NEAR(errors[row], s.errors[row], 1e-5);
}

TEST(PassBlock, AddsUpWhatABlockPasses) {
  constexpr std::size_t kCount = 3 * kTileRows;
  Random random(5);
  const TileBuffer errors = random_floats(random, kCount, 2);
  TileBuffer moved(kCount);
  std::vector<double> expected(kCount, 0.0);
  for (const float sign : {1.0F, -1.0F, 1.0F}) {
    const TileBuffer effect = random_floats(random, kCount);
    double change = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      expected[i] += static_cast<double>(sign) * effect[i];
      change += (2 * static_cast<double>(errors[i]) + expected[i]) * expected[i];
    }
    EXPECT_NEAR(pass_block(kCount, sign, effect.data(), errors.data(), moved.data()), change,
                1e-5 * (1 + std::fabs(change)) * kCount);
    for (std::size_t i = 0; i < kCount; ++i) EXPECT_NEAR(moved[i], expected[i], 1e-5);
  }
}

TEST(Screen, RowsThatFillATileUpHaveNoEffect) {
  constexpr std::size_t kReal = 19;
  const Screened s(5, 8, kReal);
  for (std::size_t i = 0; i < s.effects.size(); ++i) {
    if (i % kTileRows >= kReal) {
      EXPECT_EQ(s.effects[i], 0);
    }
  }
  const std::vector<int> order = shuffled(s.blocks);
  std::vector<double> change(s.blocks, 0.0);
  insertion_changes(order, 2, 0, s.blocks - 1, s.effects.data(), s.errors.data(), change.data());
  for (std::size_t to = 0; to < s.blocks; ++to) {
    double expected = 0;
    for (std::size_t row = 0; row < kReal; ++row) {
      const double c = s.move_effect(order, 2, to, row);
      expected += (2 * static_cast<double>(s.errors[row]) + c) * c;
    }
    EXPECT_NEAR(change[to], expected, 1e-4 * (1 + std::fabs(expected)));
  }
}

TEST(RowProducts, AreThoseOfAllTiles) {
  for (const auto& [m, n, features] : {std::array<std::size_t, 3>{1, 1, 1}, {2, 7, 5}, {3, 6, 48}, {4, 10, 17}}) {
    Random random(m, n);
    const auto x = random_floats(random, m * features * kTileRows);
    const auto y = random_floats(random, n * features * kTileRows);
    std::vector<const float*> a;
    std::vector<const float*> b;
    for (std::size_t i = 0; i < m; ++i) a.push_back(x.data() + i * features * kTileRows);
    for (std::size_t j = 0; j < n; ++j) b.push_back(y.data() + j * features * kTileRows);
    std::vector<float> products(m * n * kTileRows, NAN);
    row_products(a, b, features, products.data());
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t row = 0; row < kTileRows; ++row) {
          double sum = 0;
          for (std::size_t f = 0; f < features; ++f)
            sum += static_cast<double>(a[i][f * kTileRows + row]) * b[j][f * kTileRows + row];
          EXPECT_NEAR(products[(i * n + j) * kTileRows + row], sum, 1e-4 * static_cast<double>(features));
        }
      }
    }
  }
}

}  // namespace
}  // namespace kintsugi::kernels
