#include "objective/row_tiles.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

using kernels::kTileRows;

// Row i holds i in its inputs and predictions, each feature in its own way.
std::shared_ptr<Rows> numbered_rows(std::size_t count, std::size_t width = 3, std::size_t outputs = 2) {
  auto rows = std::make_shared<Rows>();
  rows->shape = {count, width, outputs};
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t f = 0; f < width; ++f) rows->inputs.push_back(static_cast<float>(10 * i + f + 1));
    for (std::size_t q = 0; q < outputs; ++q) rows->predictions.push_back(-static_cast<float>(10 * i + q + 1));
  }
  return rows;
}

constexpr std::size_t kCounts[] = {1, 2, 31, 32, 33, 64, 65, 100, 257, 1000};

TEST(RowTiles, DealEveryRowOnce) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::size_t count : kCounts) {
    MemoryRows source(numbered_rows(count));
    const RowTiles tiles(world, source);
    ASSERT_EQ(tiles.tiles(), (count + kTileRows - 1) / kTileRows);
    std::vector<std::int64_t> seen(count, 0);
    for (const RowTile& tile : tiles.local()) {
      for (std::size_t slot = 0; slot < tile.rows; ++slot) {
        const std::size_t row = slot * tiles.tiles() + tile.index;
        ASSERT_LT(row, count);
        ++seen[row];
        for (std::size_t f = 0; f < 3; ++f) {
          EXPECT_EQ(tile.inputs[f * kTileRows + slot], static_cast<float>(10 * row + f + 1));
        }
        for (std::size_t q = 0; q < 2; ++q) {
          EXPECT_EQ(tile.predictions[q * kTileRows + slot], -static_cast<float>(10 * row + q + 1));
        }
      }
    }
    world.sum(seen);
    EXPECT_EQ(seen, std::vector<std::int64_t>(count, 1)) << count << " rows";
  }
}

TEST(RowTiles, FillUpWithZerosOnAlignedMemory) {
  const mpi::Comm world = mpi::Comm::world();
  for (const std::size_t count : kCounts) {
    MemoryRows source(numbered_rows(count));
    const RowTiles tiles(world, source);
    for (const RowTile& tile : tiles.local()) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tile.inputs) % 64, 0U);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tile.predictions) % 64, 0U);
      for (std::size_t slot = tile.rows; slot < kTileRows; ++slot) {
        for (std::size_t f = 0; f < 3; ++f) EXPECT_EQ(tile.inputs[f * kTileRows + slot], 0);
        for (std::size_t q = 0; q < 2; ++q) EXPECT_EQ(tile.predictions[q * kTileRows + slot], 0);
      }
    }
  }
}

TEST(RowTiles, RankHoldsEveryTileOfItsResidue) {
  const mpi::Comm world = mpi::Comm::world();
  MemoryRows source(numbered_rows(500));
  const RowTiles tiles(world, source);
  std::vector<std::size_t> held;
  for (const RowTile& tile : tiles.local()) held.push_back(tile.index);
  std::vector<std::size_t> expected;
  for (auto t = static_cast<std::size_t>(world.rank()); t < tiles.tiles(); t += static_cast<std::size_t>(world.size()))
    expected.push_back(t);
  EXPECT_EQ(held, expected);
}

TEST(RowTiles, CountTheRowsOfSamples) {
  const mpi::Comm self = mpi::Comm::self();
  for (const std::size_t count : kCounts) {
    MemoryRows source(numbered_rows(count));
    const RowTiles tiles(self, source);
    std::size_t rows = 0;
    for (const RowTile& tile : tiles.local()) {
      rows += tile.rows;
      EXPECT_EQ(tiles.rows_in(tile.index + 1), rows) << count << " rows";
    }
    EXPECT_EQ(rows, count);
    for (std::size_t wanted = 0; wanted <= count + 40; ++wanted) {
      const std::size_t needed = tiles.tiles_for(wanted);
      ASSERT_GE(needed, 1U);
      ASSERT_LE(needed, tiles.tiles());
      EXPECT_TRUE(needed == tiles.tiles() || tiles.rows_in(needed) >= wanted) << wanted << " of " << count;
      EXPECT_TRUE(needed == 1 || tiles.rows_in(needed - 1) < wanted) << wanted << " of " << count;
    }
  }
}

TEST(RowTiles, MeasureTheVarianceOfThePredictions) {
  const mpi::Comm world = mpi::Comm::world();
  auto rows = numbered_rows(150);
  // Outputs of different mean and spread: variances 1 and 9 about 5 and -2.
  for (std::size_t i = 0; i < 150; ++i) {
    rows->predictions[2 * i] = i % 2 == 0 ? 4.0F : 6.0F;
    rows->predictions[2 * i + 1] = i % 2 == 0 ? -5.0F : 1.0F;
  }
  MemoryRows source(rows);
  EXPECT_NEAR(RowTiles(world, source).prediction_variance(), 5, 1e-12);
  for (float& value : rows->predictions) value = 3;
  EXPECT_EQ(RowTiles(world, source).prediction_variance(), 1) << "constant predictions count as 1";
}

TEST(RowTiles, VarianceHasTheSameBitsOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  auto rows = numbered_rows(333);
  for (std::size_t i = 0; i < rows->predictions.size(); ++i) rows->predictions[i] = 1 / static_cast<float>(i + 3);
  MemoryRows source(rows);
  EXPECT_EQ(RowTiles(world, source).prediction_variance(), RowTiles(mpi::Comm::self(), source).prediction_variance());
}

TEST(RowTiles, RefuseAProblemWithoutRows) {
  MemoryRows source(numbered_rows(0));
  EXPECT_THROW(RowTiles(mpi::Comm::world(), source), InputError);
}

// A source that fails on one rank.
class BrokenRows final : public RowSource {
 public:
  BrokenRows(std::shared_ptr<const Rows> rows, bool broken) : rows_(std::move(rows)), broken_(broken) {}
  [[nodiscard]] RowShape shape() const override { return rows_.shape(); }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    if (broken_) throw InputError("problem.h5: cannot read rows");
    rows_.read(first, count, inputs, predictions);
  }

 private:
  MemoryRows rows_;
  bool broken_;
};

TEST(RowTiles, OneRanksReadErrorIsThrownOnAll) {
  const mpi::Comm world = mpi::Comm::world();
  for (int bad = 0; bad < world.size(); ++bad) {
    BrokenRows source(numbered_rows(100), world.rank() == bad);
    EXPECT_THROW(RowTiles(world, source), InputError);
  }
}

}  // namespace
}  // namespace kintsugi
