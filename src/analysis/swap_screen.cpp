// The first-order table of all exchanges; see screened_swap_gains().

#include <algorithm>

#include "analysis/swap_gains.hpp"
#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Floats for what every block at every position does to the outputs of a tile; more outputs than fit take turns.
constexpr std::size_t kMostEffects = std::size_t{1} << 26;

/// One tile at a time.
class TileScreen {
 public:
  TileScreen(Evaluator& evaluator, const Blocks& blocks);

  /// Adds to sums[i * L + j] the change of the tile's sum of squared errors, and to the last sum that sum itself.
  void add(const RowTile& tile, mpi::ExactSums& sums);

 private:
  [[nodiscard]] std::size_t n() const { return blocks_->size(); }
  /// Floats of a tile of the state.
  [[nodiscard]] std::size_t size() const { return width_ * kTileRows; }
  [[nodiscard]] std::size_t outputs() const { return evaluator_->weights().roles().outputs; }
  void forward(const RowTile& tile);
  /// Gradients of outputs [first, first + count) behind every position.
  void backward(std::size_t first, std::size_t count);
  /// effects_[q][i][b][row]: gradient . residual with block b at position i.
  void place_blocks(std::size_t count);
  void add_changes(std::size_t rows, std::size_t first, std::size_t count, std::vector<double>& changes) const;

  const Evaluator* evaluator_;
  const Blocks* blocks_;
  std::size_t width_;
  std::size_t together_;  // outputs whose effects are held at once
  std::vector<std::size_t> slope_at_;
  kernels::TileBuffer states_;     // [L + 1] states
  kernels::TileBuffer slopes_;     // of all blocks
  kernels::TileBuffer gradients_;  // [together][L] states: behind position i
  kernels::TileBuffer effects_;    // [together][L][L][kTileRows]
  kernels::TileBuffer errors_;     // [k][kTileRows]
  kernels::TileBuffer residual_, hidden_, normed_;
};

TileScreen::TileScreen(Evaluator& evaluator, const Blocks& blocks)
    : evaluator_(&evaluator), blocks_(&blocks), width_(evaluator.weights().roles().width) {
  const std::size_t one = std::max<std::size_t>(1, n() * n() * kTileRows);
  together_ = std::clamp<std::size_t>(kMostEffects / one, 1, outputs());
  slope_at_.push_back(0);
  std::size_t widest = 0;
  for (const Block& block : blocks) {
    widest = std::max(widest, evaluator.weights().inner(block.expand));
    slope_at_.push_back(slope_at_.back() + evaluator.kernel(block).slope_size());
  }
  states_.resize((n() + 1) * size());
  slopes_.resize(slope_at_.back());
  gradients_.resize(together_ * n() * size());
  effects_.resize(together_ * n() * n() * kTileRows);
  errors_.resize(outputs() * kTileRows);
  residual_.resize(size());
  hidden_.resize(widest * kTileRows);
}

void TileScreen::forward(const RowTile& tile) {
  std::copy_n(tile.inputs, size(), states_.begin());
  for (std::size_t b = 0; b < n(); ++b) {
    const Block& block = (*blocks_)[b];
    const float* const x = states_.data() + b * size();
    float* const next = states_.data() + (b + 1) * size();
    evaluator_->kernel(block).residual_and_slope(evaluator_->weights().block(block), x, residual_.data(),
                                                 hidden_.data(), slopes_.data() + slope_at_[b]);
    for (std::size_t i = 0; i < size(); ++i) next[i] = x[i] + residual_[i];
  }
  evaluator_->tile_errors(tile, states_.data() + n() * size(), errors_.data());
}

void TileScreen::backward(std::size_t first, std::size_t count) {
  for (std::size_t q = 0; q < count; ++q) {
    const float* const head = evaluator_->weights().head_weight() + (first + q) * width_;
    float* g = gradients_.data() + (q * n() + n() - 1) * size();
    for (std::size_t f = 0; f < width_; ++f) std::fill_n(g + f * kTileRows, kTileRows, head[f]);
    if (const BlockForm form = evaluator_->weights().form().before_head(); form.norm != Norm::none) {
      normed_.resize(size() + kTileRows);
      kernels::normalise_tile(form, width_, states_.data() + n() * size(), normed_.data());
      kernels::pull_through_norm(form, width_, normed_.data(), g);
    }
    for (std::size_t b = n() - 1; b > 0; --b) {
      const Block& block = (*blocks_)[b];
      evaluator_->kernel(block).pull_back(evaluator_->weights().block(block), slopes_.data() + slope_at_[b], g,
                                          residual_.data(), hidden_.data());
      float* const before = g - size();
      for (std::size_t i = 0; i < size(); ++i) before[i] = g[i] + residual_[i];
      g = before;
    }
  }
}

void TileScreen::place_blocks(std::size_t count) {
  for (std::size_t i = 0; i < n(); ++i) {
    if (stop_heard()) return;
    for (std::size_t b = 0; b < n(); ++b) {
      const Block& block = (*blocks_)[b];
      evaluator_->kernel(block).residual(evaluator_->weights().block(block), states_.data() + i * size(),
                                         residual_.data(), hidden_.data());
      for (std::size_t q = 0; q < count; ++q) {
        const float* const g = gradients_.data() + (q * n() + i) * size();
        float sums[kTileRows] = {};
        for (std::size_t f = 0; f < size(); f += kTileRows) {
          for (std::size_t row = 0; row < kTileRows; ++row) sums[row] += g[f + row] * residual_[f + row];
        }
        std::copy_n(sums, kTileRows, effects_.data() + ((q * n() + i) * n() + b) * kTileRows);
      }
    }
  }
}

void TileScreen::add_changes(std::size_t rows, std::size_t first, std::size_t count,
                             std::vector<double>& changes) const {
  const auto effect = [&](std::size_t q, std::size_t position, std::size_t block) {
    return effects_.data() + ((q * n() + position) * n() + block) * kTileRows;
  };
  for (std::size_t q = 0; q < count; ++q) {
    const float* const e = errors_.data() + (first + q) * kTileRows;
    for (std::size_t i = 0; i < n(); ++i) {
      for (std::size_t j = i + 1; j < n(); ++j) {
        const float* const ii = effect(q, i, i);
        const float* const ij = effect(q, i, j);
        const float* const ji = effect(q, j, i);
        const float* const jj = effect(q, j, j);
        double sum = 0;
        for (std::size_t row = 0; row < rows; ++row) {
          const double change = static_cast<double>((ij[row] - ii[row]) + (ji[row] - jj[row]));
          sum += (2 * static_cast<double>(e[row]) + change) * change;
        }
        changes[i * n() + j] += sum;
      }
    }
  }
}

void TileScreen::add(const RowTile& tile, mpi::ExactSums& sums) {
  forward(tile);
  std::vector<double> changes(n() * n(), 0.0);
  for (std::size_t first = 0; first < outputs(); first += together_) {
    const std::size_t count = std::min(together_, outputs() - first);
    backward(first, count);
    place_blocks(count);
    add_changes(tile.rows, first, count, changes);
  }
  for (std::size_t entry = 0; entry < changes.size(); ++entry) sums.add(entry, changes[entry]);
  double squares = 0;
  for (const float error : errors_) squares += static_cast<double>(error) * static_cast<double>(error);
  sums.add(n() * n(), squares);
}

}  // namespace

SwapGains screened_swap_gains(Evaluator& evaluator, const Blocks& blocks, std::size_t tiles) {
  const std::size_t n = blocks.size();
  const std::size_t outputs = evaluator.weights().roles().outputs;
  mpi::ExactSums sums(n * n + 1);
  if (n > 0) {
    const ScopedSeconds timing(evaluator.clock().kernels);
    TileScreen screen(evaluator, blocks);
    for (const RowTile* const tile : evaluator.own_tiles(tiles)) screen.add(*tile, sums);
  }
  evaluator.count_blocks(static_cast<std::int64_t>(n * (n + 1 + outputs)), tiles);
  evaluator.reduce(sums);
  const auto count = evaluator.entries(tiles);
  SwapGains gains{sums.value(n * n) / count, std::vector<double>(n * n, 0.0)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) gains.change[i * n + j] = sums.value(i * n + j) / count;
  }
  return gains;
}

}  // namespace kintsugi
