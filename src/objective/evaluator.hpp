#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/order.hpp"
#include "core/stopwatch.hpp"
#include "kernels/aligned.hpp"
#include "kernels/block.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "mpi/exact_sums.hpp"
#include "objective/row_tiles.hpp"
#include "objective/weights.hpp"

namespace kintsugi {

class SharedSample;

/// How an island's ranks share work: candidate groups x row groups = ranks.
struct Grid {
  int candidate_groups = 1;
  int row_groups = 1;
};

/// The grid for `ranks` ranks: what is asked for (0: free), else row groups only, as long as every row group has tiles
/// to work on. Throws UsageError where the factors do not multiply to `ranks`.
[[nodiscard]] Grid choose_grid(int ranks, int candidate_groups, int row_groups, std::size_t tiles);

/// Where the time of an evaluator went, on this rank.
struct WorkClock {
  double kernels = 0;      ///< seconds in tiles' arithmetic
  double collectives = 0;  ///< seconds in MPI, waiting included
  double flops = 0;        ///< of products and screens
};

/// Adds the seconds of its life to a counter.
class ScopedSeconds {
 public:
  explicit ScopedSeconds(double& counter) : counter_(counter) {}
  ~ScopedSeconds() { counter_ += watch_.seconds(); }
  ScopedSeconds(const ScopedSeconds&) = delete;
  ScopedSeconds& operator=(const ScopedSeconds&) = delete;

 private:
  double& counter_;
  Stopwatch watch_;
};

/// Exact errors of orders, over the ranks of one island. "Exact" as against screened: the whole network is evaluated,
/// in float32, row errors are summed in float64 within a tile and exactly over tiles, so that results do not depend on
/// the number of ranks or their grid.
class Evaluator {
 public:
  /// Collective over `island`, which must outlive the object, as must `weights`.
  /// With `scaled`, errors are those of scaled predictions where find_scales() says so: all but check()'s.
  Evaluator(const mpi::Comm& island, const SharedWeights& weights, RowSource& rows, Grid grid, bool scaled = false);
  Evaluator(mpi::Comm&& island, const SharedWeights& weights, RowSource& rows, Grid grid, bool scaled = false) = delete;

  [[nodiscard]] const mpi::Comm& island() const noexcept { return *island_; }
  [[nodiscard]] const SharedWeights& weights() const noexcept { return *weights_; }
  [[nodiscard]] const RowTiles& rows() const noexcept { return rows_; }
  [[nodiscard]] Grid grid() const noexcept { return grid_; }
  [[nodiscard]] const kernels::BlockKernel& kernel(const Block& block) const {
    return kernels_.at({weights_->hidden(block.expand), weights_->inner(block.expand)});
  }

  /// MSE of each candidate on the first `tiles` tiles: mean over rows and outputs of the squared difference to the
  /// predictions; +infinity where the network overflows. Candidates cost only what comes after the start they share
  /// with `base`. Collective; equal arguments and results on all ranks.
  [[nodiscard]] std::vector<double> errors(const Blocks& base, std::span<const Blocks> candidates, std::size_t tiles);
  [[nodiscard]] double error(const Blocks& blocks, std::size_t tiles);
  /// The same on the tiles of `sample`, which all ranks have: whole orders are shared out. `base` only counts.
  /// Collective.
  [[nodiscard]] std::vector<double> errors(const Blocks& base, std::span<const Blocks> candidates,
                                           const SharedSample& sample);

  /// Differences network - data, scaled, of this rank's candidates of those that all ranks give (see
  /// SharedSample::is_mine): [candidate][tile][output][row], rows that are real. Cut short by a stop: to be asked for
  /// after it, like a tile's work. All candidates are counted. Not collective.
  [[nodiscard]] std::vector<float> own_differences(const Blocks& base, std::span<const Blocks> candidates,
                                                   const SharedSample& sample);

  struct Best {
    std::size_t index = 0;
    double error = 0;
  };
  /// The order of least error among `candidates` (one or more), the first of equals: see errors(). Collective.
  [[nodiscard]] Best best_of(const Blocks& base, std::span<const Blocks> candidates, std::size_t tiles);

  /// error(), by the plainest way and not counted as an evaluation: for internal checks. Collective.
  [[nodiscard]] double recomputed_error(const Blocks& blocks, std::size_t tiles);

  struct Check {
    double mse = 0;
    double largest_error = 0;  ///< largest |difference| over all rows and outputs
    double scaled = 0;         ///< the MSE as error() has it: of scaled predictions where they are
    /// What the network makes of this rank's rows: [own_tiles() of all rows][k][kTileRows].
    std::vector<float> outputs;
  };
  /// All rows. Collective.
  [[nodiscard]] Check check(const Blocks& blocks);

  /// The tiles of the sample that this rank works on where there are no candidates to share: every tile of the
  /// sample belongs to exactly one rank of the island. Not collective.
  [[nodiscard]] std::vector<const RowTile*> own_tiles(std::size_t tiles) const;

  /// For each tile of the sample the rank of the island that has it. Collective.
  [[nodiscard]] std::vector<int> tile_owners(std::size_t tiles) const;

  /// Differences prediction - data of a tile whose final states are `x` ([d][kTileRows]), scaled: [k][kTileRows], zero
  /// in rows that are not real. Not collective.
  void tile_errors(const RowTile& tile, const float* x, float* errors) const;

  /// Rows times outputs of the sample: what a sum of squared errors is divided by to become an MSE. Not collective.
  [[nodiscard]] double entries(std::size_t tiles) const noexcept {
    return static_cast<double>(rows_.rows_in(tiles) * weights_->roles().outputs);
  }
  /// Adds `sums` up over the island; the time counts as one in collectives. Throws Stopped on all ranks of the island
  /// where any has heard of a stop: a loop over tiles may break off then. So does everything that is summed up by it.
  /// Collective.
  void reduce(mpi::ExactSums& sums);

  /// Evaluations of single blocks on a sample so far, passes for models included; equal on all ranks.
  [[nodiscard]] std::int64_t block_evaluations() const noexcept { return block_evaluations_; }
  /// Block evaluations in evaluations of the whole network, rounded up.
  [[nodiscard]] std::int64_t to_evaluations(std::int64_t blocks) const noexcept;
  /// Block evaluations weighted by the sample: blocks times tiles. What searches are given turns by.
  [[nodiscard]] std::int64_t work() const noexcept { return work_; }
  /// Counts `blocks` block evaluations on a sample of `tiles` tiles that were done outside, such as a model's passes.
  /// All ranks must count alike, whatever part of the sample they worked on. Not collective.
  void count_blocks(std::int64_t blocks, std::size_t tiles) noexcept {
    block_evaluations_ += blocks;
    work_ += blocks * static_cast<std::int64_t>(tiles);
  }
  [[nodiscard]] WorkClock& clock() noexcept { return clock_; }

 private:
  /// One tile's states and what becomes of them.
  struct Buffers {
    kernels::TileBuffer base_state, state, residual, hidden, outputs;
    mutable kernels::TileBuffer normed;  // before the head
  };

  /// Which of the grid's candidate groups this rank is in.
  [[nodiscard]] std::size_t candidate_group() const noexcept;
  /// The mean square errors of the candidates from sums of their squares on this rank. Collective.
  [[nodiscard]] std::vector<double> mean_squares(mpi::ExactSums& sums, std::size_t tiles);
  /// Counts the blocks to evaluate, and returns how many of its first blocks each candidate shares with `base`.
  [[nodiscard]] std::vector<std::size_t> count_candidates(const Blocks& base, std::span<const Blocks> candidates,
                                                          std::size_t tiles);
  void add_tile(const RowTile& tile, const Blocks& base, std::span<const Blocks> candidates,
                std::span<const std::size_t> order, std::span<const std::size_t> shared, mpi::ExactSums& sums);
  void advance(const Block& block, float* x);
  /// Calls `add(tile, states)` with the final states of each own tile of the sample.
  template <class Add>
  void for_final_states(const Blocks& blocks, std::size_t tiles, const Add& add);
  /// The network's outputs of final states `x`: [k][kTileRows].
  void tile_outputs(const float* x, float* outputs) const;
  /// Of final states `x`; scaled.
  double squared_error(const RowTile& tile, const float* x);

  const mpi::Comm* island_;
  const SharedWeights* weights_;
  Grid grid_;
  mpi::Comm row_ranks_;  // the ranks that together hold all rows
  RowTiles rows_;
  std::map<std::pair<std::size_t, std::size_t>, kernels::BlockKernel> kernels_;  // by h and rows of W_in
  kernels::Gemm head_;
  Buffers buffers_;
  std::int64_t block_evaluations_ = 0;
  std::int64_t work_ = 0;
  WorkClock clock_;
};

}  // namespace kintsugi
