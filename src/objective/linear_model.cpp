#include "objective/linear_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/stop.hpp"
#include "kernels/screen.hpp"
#include "mpi/shared_stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Sums of tiles as integers of a unit that all ranks know: they add up exactly, in any order.
class FixedPoint {
 public:
  // For up to `summands` summands, each up to 2^headroom times `scale`; larger ones are clamped.
  FixedPoint(double scale, std::size_t summands, std::int64_t headroom) {
    constexpr int kMostBits = 51;  // a double holds 53 digits: sums over a tile may be off by some units
    const int bits = std::min(kMostBits, 62 - static_cast<int>(std::bit_width(summands)));
    limit_ = std::ldexp(1.0, bits);
    unit_ = std::ldexp(1.0, std::ilogb(scale) - bits + static_cast<int>(headroom));
  }
  [[nodiscard]] double unit() const { return unit_; }
  [[nodiscard]] std::int64_t of(double value) const {
    // What is not a number comes from effects that overflow: such a move is none to make.
    return static_cast<std::int64_t>(std::isnan(value) ? limit_ : std::clamp(value / unit_, -limit_, limit_));
  }

 private:
  double limit_ = 0;
  double unit_ = 0;
};

}  // namespace

LinearModel::LinearModel(Evaluator& evaluator, const LinearModelParameters& parameters, const MemoryBudget& memory)
    : evaluator_(&evaluator), parameters_(parameters), memory_(memory), passes_(evaluator) {}

namespace {

/// To `size`, unless a stop is heard: gigabytes take a while until they are there.
void grow(kernels::TileBuffer& values, std::size_t size) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 24;
  values.reserve(size);
  if (values.size() > size) values.resize(size);
  while (values.size() < size && !stop_heard()) values.resize(std::min(size, values.size() + kAtOnce));
}

}  // namespace

void LinearModel::resize_base(const Blocks& blocks, std::size_t tiles) {
  base_.blocks = blocks;
  base_.channels = passes_.channels();
  const std::size_t tile_size = base_.channels * base_.effects_size();
  base_.tiles = std::min(tiles, std::max<std::size_t>(1, memory_.effects / (tile_size * sizeof(float))));
  base_.own = evaluator_->own_tiles(base_.tiles);
  // The old effects are of no use: a vector that grows would hold both.
  if (base_.effects.capacity() < base_.own.size() * tile_size) kernels::TileBuffer().swap(base_.effects);
  grow(base_.effects, base_.own.size() * tile_size);
  base_.errors.resize(base_.own.size() * base_.channels * kTileRows);
}

mpi::ExactSums LinearModel::run_passes(std::size_t near) {
  const ScopedSeconds timing(evaluator_->clock().kernels);
  mpi::ExactSums squares(1);
  const std::vector<Layer> layers = layers_of(*evaluator_, base_.blocks);
  for (std::size_t t = 0; t < base_.own.size(); ++t) {
    const std::size_t needed = (t + 1) * base_.channels * base_.effects_size();
    if (stop_heard() || base_.effects.size() < needed) break;
    const RowTile& rows = *base_.own[t];
    squares.add(0, passes_.forward(rows, layers, base_.errors.data() + t * base_.channels * kTileRows));
    for (std::size_t c = 0; c < base_.channels; ++c) {
      float* const effects = base_.effects.data() + (t * base_.channels + c) * base_.effects_size();
      passes_.backward(rows, layers, c);
      kernels::pair_effects(layers.size(), evaluator_->weights().roles().width, passes_.residuals().data(),
                            passes_.pulled_back().data(), effects, scratch_);
      if (near > 0) differences_.replace(passes_, layers, near, effects);
    }
  }
  return squares;
}

bool LinearModel::linearise_once(const Blocks& blocks, std::size_t tiles, std::size_t near) {
  if (taken_tiles_ != tiles || taken_near_ != near || base_.blocks != blocks) return linearise(blocks, tiles, near);
  rewind();
  return true;
}

bool LinearModel::linearise(const Blocks& blocks, std::size_t tiles, std::size_t near) {
  taken_tiles_ = 0;
  resize_base(blocks, tiles);
  mpi::ExactSums squares = run_passes(near);
  const std::size_t passes = 1 + base_.channels * (1 + 2 * near);
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * passes), base_.tiles);
  evaluator_->reduce(squares);
  const bool whole = base_.tiles == tiles;
  base_.mse = whole ? squares.value(0) / evaluator_->entries(tiles) : evaluator_->error(blocks, tiles);
  rewind();
  scale_ = 1;
  const double modelled = mean_square();
  if (modelled > 0 && base_.mse > 0) scale_ = base_.mse / modelled;
  if (!std::isfinite(base_.mse) || !std::isfinite(scale_)) return false;
  taken_tiles_ = tiles;
  taken_near_ = near;
  return true;
}

void LinearModel::rewind() {
  now_.blocks = base_.blocks;
  now_.errors = base_.errors;
  now_.order.resize(base_.blocks.size());
  std::iota(now_.order.begin(), now_.order.end(), 0);
  now_.predicted_error = base_.mse;
}

double LinearModel::mean_square() const {
  mpi::ExactSums sums(1);
  const std::size_t size = base_.channels * kTileRows;
  for (std::size_t t = 0; t < base_.own.size(); ++t) {
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double error = now_.errors[t * size + i];
      sum += error * error;
    }
    sums.add(0, sum);
  }
  evaluator_->reduce(sums);
  return scale_ * sums.value(0) / evaluator_->entries(base_.tiles);
}

void LinearModel::add_changes(std::size_t tile, std::size_t reach, std::span<double> sums) const {
  const std::size_t blocks = now_.order.size();
  const std::size_t band = 2 * reach + 1;
  for (std::size_t c = 0; c < base_.channels; ++c) {
    const float* const errors = now_.errors.data() + (tile * base_.channels + c) * kTileRows;
    for (std::size_t from = 0; from < blocks; ++from) {
      const std::size_t first = from > reach ? from - reach : 0;
      const std::size_t last = std::min(blocks - 1, from + reach);
      kernels::insertion_changes(now_.order, from, first, last, base_.effects_of(tile, c), errors,
                                 &sums[from * band + first + reach - from]);
    }
  }
}

std::span<const double> LinearModel::screen(std::size_t reach) {
  const std::size_t blocks = now_.order.size();
  const std::size_t band = 2 * reach + 1;
  const double entries = evaluator_->entries(base_.tiles);
  const double present = std::max<double>(base_.mse / scale_, std::numeric_limits<float>::min()) * entries;
  const FixedPoint fixed(present, base_.tiles, parameters_.screen_headroom);
  std::vector<std::int64_t> units;
  units.reserve(blocks * band + 1);  // one more travels with sum_or_stop()
  units.resize(blocks * band, 0);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<double> sums(blocks * band);
    for (std::size_t t = 0; t < base_.own.size() && !stop_heard(); ++t) {
      std::ranges::fill(sums, 0.0);
      add_changes(t, reach, sums);
      for (std::size_t i = 0; i < sums.size(); ++i) units[i] += fixed.of(sums[i]);
    }
  }
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    mpi::sum_or_stop(evaluator_->island(), units);
  }
  const double to_mse = scale_ * fixed.unit() / entries;
  change_.assign(blocks * band, std::numeric_limits<double>::infinity());
  for (std::size_t from = 0; from < blocks; ++from) {
    for (std::size_t i = 0; i < band; ++i) {
      if (from + i < reach || from + i - reach >= blocks) continue;
      change_[from * band + i] = static_cast<double>(units[from * band + i]) * to_mse;
    }
  }
  return change_;
}

void LinearModel::apply(std::span<const Insertion> moves) {
  for (const Insertion& move : moves) {
    for (std::size_t t = 0; t < base_.own.size(); ++t) {
      for (std::size_t c = 0; c < base_.channels; ++c) {
        kernels::apply_insertion(now_.order, static_cast<std::size_t>(move.from), static_cast<std::size_t>(move.to),
                                 base_.effects_of(t, c), now_.errors.data() + (t * base_.channels + c) * kTileRows);
      }
    }
    insert_in(now_.order, move.from, move.to);
    insert_in(now_.blocks, move.from, move.to);
  }
  now_.predicted_error = mean_square();
}

}  // namespace kintsugi
