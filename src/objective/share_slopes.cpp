#include "objective/share_slopes.hpp"

#include <Eigen/Core>
#include <algorithm>

#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

constexpr int kRows = static_cast<int>(kTileRows);
using RowValues = Eigen::Matrix<float, kRows, 1>;
using Slopes = Eigen::Map<const Eigen::Matrix<float, kRows, Eigen::Dynamic>>;

Slopes matrix(const kernels::TileBuffer& slopes, std::size_t shares) {
  return {slopes.data(), kRows, static_cast<Eigen::Index>(shares)};
}

}  // namespace

std::size_t ShareSlopes::affordable_tiles(std::size_t shares, std::size_t most_bytes) const {
  const std::size_t bytes = shares * passes_.channels() * kTileRows * sizeof(float);
  return std::max<std::size_t>(1, most_bytes / bytes);
}

// The slopes of the last passes' channels in all shares.
void ShareSlopes::add_slopes(const ShareGroups& groups, std::span<const Layer> layers,
                             std::span<RowEquations::Tile> equations) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = passes_.size();
  response_.resize(size);
  hidden_.resize(hidden_tile(layers));
  for (const ShareGroups::Group& group : groups.groups()) {
    std::size_t at = group.shares * kTileRows;
    for (const std::size_t p : group.positions) {
      if (stop_heard()) return;
      layers[p].kernel->residual(layers[p].weights, passes_.state(p), response_.data(), hidden_.data());
      for (const int compress : group.compress) {
        const Block block{groups.blocks()[p].expand, compress};
        layers[p].kernel->compress(weights.block(block), hidden_.data(), response_.data());
        for (std::size_t c = 0; c < equations.size(); ++c) {
          const float* const gradient = gradients_.data() + (c * (layers.size() + 1) + p + 1) * size;
          add_products(gradient, response_.data(), size, equations[c].slopes.data() + at);
        }
        at += kTileRows;
      }
    }
  }
}

// Fills in one tile's equations, by channel, and adds its squares of errors and of slopes to `sums`.
void ShareSlopes::run_passes(const RowTile& rows, const ShareGroups& groups, std::span<const Layer> layers,
                             std::span<RowEquations::Tile> equations, mpi::ExactSums& sums) {
  std::vector<float> errors(equations.size() * kTileRows);
  sums.add(0, passes_.forward(rows, layers, errors.data()));
  gradients_.clear();
  for (std::size_t c = 0; c < equations.size(); ++c) {
    passes_.backward(rows, layers, c);
    gradients_.insert(gradients_.end(), passes_.gradient(0), passes_.gradient(layers.size() + 1));
    equations[c].slopes.assign(groups.size() * kTileRows, 0.0F);
    equations[c].errors.assign(errors.begin() + static_cast<std::ptrdiff_t>(c * kTileRows),
                               errors.begin() + static_cast<std::ptrdiff_t>((c + 1) * kTileRows));
  }
  add_slopes(groups, layers, equations);
  for (const RowEquations::Tile& each : equations) sums.add(1, equations_.squared_slopes(each));
}

ShareSlopes::Summary ShareSlopes::linearise(const ShareGroups& groups, std::span<const Layer> layers,
                                            std::size_t tiles) {
  const std::vector<const RowTile*> own = evaluator_->own_tiles(tiles);
  const std::size_t channels = passes_.channels();
  mpi::ExactSums sums(2);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    equations_.resize(groups.size(), own.size() * channels);
    for (std::size_t t = 0; t < own.size() && !stop_heard(); ++t) {
      run_passes(*own[t], groups, layers, equations_.tiles().subspan(t * channels, channels), sums);
    }
  }
  // Passes, and the blocks' hidden activations; and half a block for each piece in each block.
  evaluator_->count_blocks(static_cast<std::int64_t>(layers.size() * (2 + channels) + (groups.size() + 1) / 2), tiles);
  evaluator_->reduce(sums);
  return {sums.value(0) / evaluator_->entries(tiles), sums.value(1) / static_cast<double>(groups.size())};
}

std::vector<double> ShareSlopes::trade_changes(std::span<const Trade> trades) const {
  mpi::ExactSums sums(trades.size());
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    for (const RowEquations::Tile& equations : equations_.tiles()) {
      if (stop_heard()) break;
      const Slopes slopes = matrix(equations.slopes, equations_.unknowns());
      const Eigen::Map<const RowValues> errors(equations.errors.data());
      const auto slope = [&](std::size_t share) { return slopes.col(static_cast<Eigen::Index>(share)); };
      for (std::size_t i = 0; i < trades.size(); ++i) {
        const auto& [rising, falling] = trades[i];
        const RowValues effect = slope(rising[0]) + slope(rising[1]) - slope(falling[0]) - slope(falling[1]);
        sums.add(i, effect.dot(2 * errors + effect));
      }
    }
  }
  evaluator_->reduce(sums);
  std::vector<double> values(sums.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = sums.value(i);
  return values;
}

double ShareSlopes::error(std::span<const Layer> layers, std::size_t tiles) {
  mpi::ExactSums squares(1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(passes_.channels() * kTileRows);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      if (stop_heard()) break;
      squares.add(0, passes_.forward(*rows, layers, errors.data()));
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(layers.size()), tiles);
  evaluator_->reduce(squares);
  return squares.value(0) / evaluator_->entries(tiles);
}

}  // namespace kintsugi
