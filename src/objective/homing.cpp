#include "objective/homing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Sums of the squares over a tile's features, for each row.
void squared_norms(const float* tile, std::size_t size, float* norms) {
  std::fill_n(norms, kTileRows, 0.0F);
  add_products(tile, tile, size, norms);
}

// Of a block that is nowhere active, all are equal.
void take_logarithms(Eigen::MatrixXd::RowXpr squares) {
  constexpr double kLeast = 1e-12;  // of the largest
  const double least = std::max(kLeast * squares.maxCoeff(), std::numeric_limits<double>::min());
  squares = squares.cwiseMax(least).array().log();
}

// Takes the means of rows and columns off, and divides by what is left. False where nothing is, or an entry overflows.
bool standardise(Eigen::MatrixXd& table) {
  if (!table.allFinite()) return false;
  table.colwise() -= table.rowwise().mean().eval();
  table.rowwise() -= table.colwise().mean().eval();
  const double deviation = std::sqrt(table.squaredNorm() / static_cast<double>(table.size()));
  if (!(deviation > 0) || !std::isfinite(deviation)) return false;
  table /= deviation;
  return true;
}

}  // namespace

Homing::Homing(Evaluator& evaluator, const HomingParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

// What the block would meet at the place, were it taken out: first-order, so without what others behind or before it
// would then do otherwise.
void Homing::take_out(std::size_t block, std::size_t place) {
  const std::size_t size = passes_.size();
  const float* const state = passes_.state(place <= block ? place : place + 1);
  const float* const gradient = passes_.gradient(place < block ? place : place + 1);
  if (place <= block) {
    std::copy_n(state, size, state_.data());
  } else {
    std::transform(state, state + size, passes_.residual(block), state_.data(), std::minus<>());
  }
  if (place >= block) {
    std::copy_n(gradient, size, gradient_.data());
  } else {
    std::transform(gradient, gradient + size, passes_.pulled_back().data() + block * size, gradient_.data(),
                   std::minus<>());
  }
}

void Homing::add_place(const RowTile& rows, const Layer& layer, std::size_t at) {
  const std::size_t hidden = layer.kernel->hidden();
  const std::size_t inner = layer.kernel->inner();
  const std::size_t size = passes_.size();
  std::array<float, kTileRows> norms{};
  std::array<float, kTileRows> found{};
  const auto add_share = [&](std::size_t sign, auto&& norm) {
    double sum = 0;
    for (std::size_t row = 0; row < rows.rows; ++row) sum += norms[row] > 0 ? found[row] / norm(norms[row]) : 0;
    sums_.add(sign * places_ * places_ + at, sum);
  };
  const auto as_it_is = [](float value) { return value; };

  squared_norms(state_.data(), size, norms.data());
  found.fill(0);
  const float* feature = state_.data();
  for (const float expand : expand_sums_) {
    for (std::size_t row = 0; row < kTileRows; ++row) found[row] += expand * *feature++;
  }
  add_share(2, [](float value) { return std::sqrt(value); });
  add_share(3, [](float) { return 1.0F; });
  layer.kernel->activate(layer.weights, state_.data(), hidden_.data(), slope_.data());
  squared_norms(hidden_.data(), hidden * kTileRows, found.data());
  add_share(0, as_it_is);

  layer.kernel->pull_back_to_hidden(layer.weights, slope_.data(), gradient_.data(), hidden_.data());
  squared_norms(gradient_.data(), size, norms.data());
  squared_norms(hidden_.data(), inner * kTileRows, found.data());
  add_share(1, as_it_is);
}

void Homing::add_tile(const RowTile& rows, std::span<const Layer> layers) {
  const std::size_t places = layers.size();
  std::vector<float> errors(passes_.channels() * kTileRows);
  passes_.forward(rows, layers, errors.data());
  passes_.backward(rows, layers, 0);
  state_.resize(passes_.size());
  gradient_.resize(passes_.size());
  hidden_.resize(hidden_tile(layers));
  std::size_t slope = 0;
  for (const Layer& layer : layers) slope = std::max(slope, layer.kernel->slope_size());
  slope_.resize(slope);
  expand_sums_.resize(passes_.size() / kTileRows);
  for (std::size_t b = 0; b < layers.size() && !stop_heard(); ++b) {
    const std::size_t inner = layers[b].kernel->inner();
    for (std::size_t i = 0; i < expand_sums_.size(); ++i)
      expand_sums_[i] =
          std::accumulate(layers[b].weights.w_in_t + i * inner, layers[b].weights.w_in_t + (i + 1) * inner, 0.0F);
    for (std::size_t place = 0; place < places; ++place) {
      take_out(b, place);
      add_place(rows, layers[b], b * places + place);
    }
  }
  for (std::size_t place = 0; place < places; ++place) {
    for (std::size_t i = 0; i < expand_sums_.size(); ++i) {
      const float* const feature = passes_.state(place) + i * kTileRows;
      sums_.add(kSigns * places * places + place * expand_sums_.size() + i,
                std::accumulate(feature, feature + rows.rows, 0.0));
    }
  }
}

double Homing::mean_state_norm(std::size_t place) const {
  const std::size_t width = passes_.size() / kTileRows;
  double squares = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const double sum = sums_.value(kSigns * places_ * places_ + place * width + i);
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

std::vector<Eigen::MatrixXd> Homing::signs(const Blocks& blocks) {
  if (blocks.size() > parameters_.most_blocks) return {};
  const std::size_t places = blocks.size();
  const std::size_t tiles = evaluator_->rows().tiles_for(parameters_.rows);
  places_ = places;
  sums_ = mpi::ExactSums((kSigns * places + passes_.size() / kTileRows) * places);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) add_tile(*rows, layers);
  }
  // Two products for each place of a block are those of one evaluation; both passes come on top.
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (places + 2)), tiles);
  evaluator_->reduce(sums_);
  std::vector<Eigen::MatrixXd> signs;
  for (std::size_t sign = 0; sign < kSigns; ++sign) {
    Eigen::MatrixXd table(static_cast<Eigen::Index>(blocks.size()), static_cast<Eigen::Index>(places));
    std::size_t at = sign * blocks.size() * places;
    for (Eigen::Index b = 0; b < table.rows(); ++b) {
      for (double& entry : table.row(b)) entry = sums_.value(at++);
      if (sign < 2) take_logarithms(table.row(b));
    }
    if (sign == 3) {
      for (Eigen::Index place = 0; place < table.cols(); ++place)
        table.col(place) /= mean_state_norm(static_cast<std::size_t>(place));
    }
    if (standardise(table)) signs.push_back(std::move(table));
  }
  return signs;
}

}  // namespace kintsugi
