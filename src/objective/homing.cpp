#include "objective/homing.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/stop.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Sums of the squares over a tile's features, for each row.
void squared_norms(const float* tile, std::size_t features, float* norms) {
  std::fill_n(norms, kTileRows, 0.0F);
  add_products(tile, tile, features * kTileRows, norms);
}

}  // namespace

Homing::Homing(Evaluator& evaluator, const HomingParameters& parameters)
    : evaluator_(&evaluator), parameters_(parameters), passes_(evaluator) {}

void Homing::add_place(const RowTile& rows, const Layer& layer, std::size_t at, std::size_t place) {
  const std::size_t hidden = layer.kernel->hidden();
  std::array<float, kTileRows> squares{};
  layer.kernel->activate(layer.weights, passes_.state(place), hidden_.data(), slope_.data());
  squared_norms(hidden_.data(), hidden, squares.data());
  double sum = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) sum += squares[row];
  activity_.add(at, sum);

  layer.kernel->pull_back_to_hidden(layer.weights, slope_.data(), passes_.gradient(place), hidden_.data());
  squared_norms(hidden_.data(), hidden, squares.data());
  const float* const norms = norms_.data() + place * kTileRows;
  sum = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) sum += norms[row] > 0 ? squares[row] / norms[row] : 0;
  activity_.add(activity_.size() / 2 + at, sum);
}

void Homing::add_tile(const RowTile& rows, std::span<const Layer> layers) {
  const std::size_t places = layers.size() + 1;
  std::vector<float> errors(passes_.channels() * kTileRows);
  passes_.forward(rows, layers, errors.data());
  passes_.backward(rows, layers, 0);
  norms_.resize(places * kTileRows);
  for (std::size_t place = 0; place < places; ++place)
    squared_norms(passes_.gradient(place), passes_.size() / kTileRows, norms_.data() + place * kTileRows);
  hidden_.resize(hidden_tile(layers));
  slope_.resize(hidden_tile(layers));
  for (std::size_t b = 0; b < layers.size() && !stop_heard(); ++b) {
    for (std::size_t place = 0; place < places; ++place) add_place(rows, layers[b], b * places + place, place);
  }
}

Eigen::MatrixXd Homing::table(const Blocks& blocks) {
  if (blocks.size() > parameters_.most_blocks) return {};
  const std::size_t places = blocks.size() + 1;
  const std::size_t tiles = evaluator_->rows().tiles_for(parameters_.rows);
  activity_ = mpi::ExactSums(2 * blocks.size() * places);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) add_tile(*rows, layers);
  }
  // Two products for each place of a block are those of one evaluation; both passes come on top.
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (places + 2)), tiles);
  evaluator_->reduce(activity_);
  Eigen::MatrixXd by_place(static_cast<Eigen::Index>(blocks.size()), static_cast<Eigen::Index>(places));
  for (Eigen::Index b = 0; b < by_place.rows(); ++b) {
    for (Eigen::Index place = 0; place < by_place.cols(); ++place) {
      const auto at = static_cast<std::size_t>(b * by_place.cols() + place);
      by_place(b, place) = std::log(activity_.value(at)) + std::log(activity_.value(activity_.size() / 2 + at));
    }
  }
  if (!by_place.allFinite()) return {};
  by_place.colwise() -= by_place.rowwise().mean().eval();
  by_place.rowwise() -= by_place.colwise().mean().eval();
  // Behind itself a block stands where it is.
  Eigen::MatrixXd table(by_place.rows(), by_place.rows());
  for (Eigen::Index b = 0; b < table.rows(); ++b) {
    table.row(b).head(b + 1) = by_place.row(b).head(b + 1);
    table.row(b).tail(table.cols() - b - 1) = by_place.row(b).tail(table.cols() - b - 1);
  }
  return table;
}

std::size_t home_within(const Eigen::MatrixXd& table, std::size_t block, double about, double reach) {
  const auto last = static_cast<double>(table.cols() - 1);
  const auto from = static_cast<Eigen::Index>(std::clamp(std::round(about - reach), 0.0, last));
  const auto to = static_cast<Eigen::Index>(std::clamp(std::round(about + reach), 0.0, last));
  Eigen::Index home = 0;
  table.row(static_cast<Eigen::Index>(block)).segment(from, to - from + 1).minCoeff(&home);
  return static_cast<std::size_t>(from + home);
}

}  // namespace kintsugi
