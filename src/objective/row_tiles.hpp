#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "objective/prediction_scales.hpp"
#include "objective/row_tile.hpp"

namespace kintsugi {

/// The data rows, dealt to fixed tiles: with T tiles, row i is slot i / T of tile i mod T. So any few tiles are a
/// sample from all over the file, and the first n tiles are "the sample of n tiles" everywhere. Rank r of R holds tiles
/// r, r + R, ...
class RowTiles {
 public:
  /// Collective over `comm`: each rank reads its share of the file once, and the rows travel to their tiles. With
  /// `scaled`, errors of predictions are scaled where find_scales() says so.
  RowTiles(const mpi::Comm& comm, RowSource& source, bool scaled = false);

  [[nodiscard]] const RowShape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t tiles() const noexcept { return tiles_; }
  /// Tiles that so many rows fill.
  [[nodiscard]] static std::size_t count(std::size_t rows) noexcept;
  /// Rows in the sample of the first `tiles` tiles.
  [[nodiscard]] std::size_t rows_in(std::size_t tiles) const noexcept { return rows_in(tiles, shape_.rows); }
  /// The same of a file of `all` rows.
  [[nodiscard]] static std::size_t rows_in(std::size_t tiles, std::size_t all) noexcept;
  /// Fewest tiles that hold at least `rows` rows, or all.
  [[nodiscard]] std::size_t tiles_for(std::size_t rows) const noexcept { return tiles_for(rows, shape_.rows); }
  /// The same of a file of `all` rows.
  [[nodiscard]] static std::size_t tiles_for(std::size_t rows, std::size_t all) noexcept;
  /// The tiles that this rank holds, in ascending order.
  [[nodiscard]] std::span<const RowTile> local() const noexcept { return local_; }
  /// Variance of the predictions about each output's mean, averaged over the outputs; all rows, summed exactly. 1 where
  /// it is zero.
  [[nodiscard]] double prediction_variance() const noexcept { return variance_; }
  /// A power of two that brings predictions near 1 where they are so large or small that sums of their squares would
  /// not fit; else 1.
  [[nodiscard]] double unit() const noexcept { return unit_; }
  /// How errors are scaled; none where they are not.
  [[nodiscard]] const PredictionScales& scales() const noexcept { return scales_; }

 private:
  /// Sends rows [first, ...) to the ranks of their tiles; returns this rank's, ascending, each as inputs and
  /// predictions.
  [[nodiscard]] std::vector<float> exchange(const mpi::Comm& comm, std::size_t first, std::span<const float> inputs,
                                            std::span<const float> predictions) const;
  void deal(const mpi::Comm& comm, RowSource& source);
  void set_scales(PredictionScales scales);
  void measure_variance(const mpi::Comm& comm);

  RowShape shape_;
  std::size_t tiles_ = 0;
  double variance_ = 1;
  double unit_ = 1;
  PredictionScales scales_;
  kernels::TileBuffer scale_memory_;
  kernels::TileBuffer memory_;
  std::vector<RowTile> local_;
};

}  // namespace kintsugi
