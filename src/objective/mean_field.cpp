#include "objective/mean_field.hpp"

#include <algorithm>
#include <cmath>

#include "core/stop.hpp"
#include "kernels/screen.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Legendre polynomials of degree 1 to `degrees` at the middles of equal parts of [-1, 1], of mean square one there.
std::vector<double> legendre(std::size_t degrees, std::size_t nodes) {
  std::vector<double> values(degrees * nodes);
  for (std::size_t t = 0; t < nodes; ++t) {
    const double u = (2 * static_cast<double>(t) + 1) / static_cast<double>(nodes) - 1;
    double before = 1;
    double now = u;
    for (std::size_t k = 1; k <= degrees; ++k) {
      values[(k - 1) * nodes + t] = now;
      const auto degree = static_cast<double>(k);
      const double next = ((2 * degree + 1) * u * now - degree * before) / (degree + 1);
      before = now;
      now = next;
    }
  }
  for (std::size_t k = 0; k < degrees; ++k) {
    const std::span<double> one = std::span(values).subspan(k * nodes, nodes);
    double squares = 0;
    for (const double value : one) squares += value * value;
    for (double& value : one) value /= std::sqrt(squares / static_cast<double>(nodes));
  }
  return values;
}

// x += factor * r
void add_scaled(float factor, const float* r, std::size_t size, float* x) {
  for (std::size_t i = 0; i < size; ++i) x[i] += factor * r[i];
}

}  // namespace

MeanField::MeanField(Evaluator& evaluator, std::size_t nodes, std::size_t degrees)
    : evaluator_(&evaluator), passes_(evaluator), equations_(evaluator) {
  set_resolution(nodes, degrees);
}

void MeanField::set_resolution(std::size_t nodes, std::size_t degrees) {
  nodes_ = nodes;
  degrees_ = degrees;
  polynomials_ = legendre(degrees, nodes);
}

std::size_t MeanField::affordable_tiles(std::size_t most_bytes) const {
  return std::max<std::size_t>(1, most_bytes / (unknowns() * passes_.channels() * kTileRows * sizeof(float)));
}

std::size_t MeanField::evaluations() const noexcept {
  return nodes_ * evaluator_->weights().roles().expand.size() * (2 + 2 * passes_.channels());
}

std::vector<double> MeanField::spread(std::span<const double> point) const {
  const std::size_t blocks = groups_.blocks().size();
  std::vector<double> result(blocks * nodes_);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::span<double> weights = std::span(result).subspan(b * nodes_, nodes_);
    for (std::size_t k = 0; k < degrees_; ++k) {
      const double factor = point[groups_.size() + b * degrees_ + k];
      for (std::size_t t = 0; t < nodes_; ++t) weights[t] += factor * polynomials_[k * nodes_ + t];
    }
    const double highest = *std::ranges::max_element(weights);
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - highest);
    for (double& weight : weights) weight /= sum;
  }
  return result;
}

std::vector<double> MeanField::depths(std::span<const double> point) const {
  const std::vector<double> weights = spread(point);
  std::vector<double> result(groups_.blocks().size(), 0);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto node = static_cast<double>(i % nodes_);
    result[i / nodes_] += weights[i] * ((2 * node + 1) / static_cast<double>(nodes_) - 1);
  }
  return result;
}

double MeanField::forward(const RowTile& rows, std::span<const Layer> layers, std::span<const double> spread, bool keep,
                          float* errors) {
  const std::size_t size = passes_.size();
  const std::size_t blocks = layers.size();
  pass_.states.resize((keep ? nodes_ + 1 : 2) * size);
  if (keep) {
    pass_.residuals.resize(nodes_ * blocks * size);
    pass_.hidden.resize(nodes_ * hidden_at_.back());
    pass_.slopes.resize(nodes_ * slope_at_.back());
  }
  residual_.resize(size);
  scratch_.resize(hidden_tile(layers));
  std::copy_n(rows.inputs, size, pass_.states.begin());
  float* x = pass_.states.data();
  for (std::size_t t = 0; t < nodes_; ++t) {
    float* const next = keep ? x + size : pass_.states.data() + (t % 2 == 0 ? size : 0);
    std::copy_n(x, size, next);
    for (std::size_t b = 0; b < blocks; ++b) {
      float* r = residual_.data();
      if (keep) {
        r = pass_.residuals.data() + (t * blocks + b) * size;
        layers[b].kernel->residual_and_slope(layers[b].weights, x, r,
                                             pass_.hidden.data() + t * hidden_at_.back() + hidden_at_[b],
                                             pass_.slopes.data() + t * slope_at_.back() + slope_at_[b]);
      } else {
        layers[b].kernel->residual(layers[b].weights, x, r, scratch_.data());
      }
      add_scaled(static_cast<float>(spread[b * nodes_ + t]), r, size, next);
    }
    x = next;
  }
  return passes_.final_errors(rows, x, errors);
}

// Slopes in the shares by what happens at one node, for the gradient behind it: the share of a compress piece in a
// block moves the prediction by g . (W_out a + b_out) = a . W_out^T g + b_out . g, with W_out^T g alike for all blocks.
void MeanField::add_share_slopes(std::size_t node, std::span<const Layer> layers, std::span<const double> spread,
                                 const float* gradient, float* slopes) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t width = weights.roles().width;
  for (const ShareGroups::Group& group : groups_.groups()) {
    const std::size_t count = group.compress.size();
    const std::size_t hidden = layers[group.positions.front()].kernel->hidden();
    const kernels::Gemm transposed(hidden, width, false);
    written_.resize(count * (hidden + 1) * kTileRows);
    products_.resize(count * count * kTileRows);
    std::vector<const float*> written(count);
    std::vector<const float*> activations(count);
    for (std::size_t j = 0; j < count; ++j) {
      const kernels::BlockWeights part = weights.block({group.expand.front(), group.compress[j]});
      float* const pulled = written_.data() + j * (hidden + 1) * kTileRows;
      transposed(gradient, part.w_out_t, pulled);
      float* const bias = pulled + hidden * kTileRows;
      std::fill_n(bias, kTileRows, 0.0F);
      for (std::size_t f = 0; f < width; ++f) add_scaled(part.b_out[f], gradient + f * kTileRows, kTileRows, bias);
      written[j] = pulled;
      activations[j] = pass_.hidden.data() + node * hidden_at_.back() + hidden_at_[group.positions[j]];
    }
    kernels::row_products(activations, written, hidden, products_.data());
    for (std::size_t i = 0; i < count; ++i) {
      const auto weight = static_cast<float>(spread[group.positions[i] * nodes_ + node]);
      for (std::size_t j = 0; j < count; ++j) {
        float* const slope = slopes + (group.shares + i * count + j) * kTileRows;
        add_scaled(weight, products_.data() + (i * count + j) * kTileRows, kTileRows, slope);
        add_scaled(weight, written[j] + hidden * kTileRows, kTileRows, slope);
      }
    }
  }
}

void MeanField::add_spread_slopes(std::size_t node, std::span<const double> spread, const float* gradient,
                                  float* slopes) {
  const std::size_t size = passes_.size();
  const std::size_t blocks = groups_.blocks().size();
  for (std::size_t b = 0; b < blocks; ++b) {
    float sums[kTileRows] = {};
    add_products(gradient, pass_.residuals.data() + (node * blocks + b) * size, size, sums);
    for (std::size_t k = 0; k < degrees_; ++k) {
      double mean = 0;
      for (std::size_t t = 0; t < nodes_; ++t) mean += spread[b * nodes_ + t] * polynomials_[k * nodes_ + t];
      const double factor = spread[b * nodes_ + node] * (polynomials_[k * nodes_ + node] - mean);
      add_scaled(static_cast<float>(factor), sums, kTileRows, slopes + (b * degrees_ + k) * kTileRows);
    }
  }
}

void MeanField::backward(const RowTile& rows, std::span<const Layer> layers, std::span<const double> spread,
                         std::span<RowEquations::Tile> equations) {
  const std::size_t size = passes_.size();
  gradient_.resize(size);
  pulled_.resize(size);
  moved_.resize(size);
  for (std::size_t c = 0; c < equations.size(); ++c) {
    kernels::TileBuffer& slopes = equations[c].slopes;
    slopes.assign(unknowns() * kTileRows, 0.0F);
    passes_.final_gradient(rows, pass_.states.data() + nodes_ * size, c, gradient_.data());
    for (std::size_t t = nodes_; t-- > 0;) {
      if (stop_heard()) return;
      add_share_slopes(t, layers, spread, gradient_.data(), slopes.data());
      add_spread_slopes(t, spread, gradient_.data(), slopes.data() + groups_.size() * kTileRows);
      moved_ = gradient_;
      for (std::size_t b = 0; b < layers.size(); ++b) {
        layers[b].kernel->pull_back(layers[b].weights, pass_.slopes.data() + t * slope_at_.back() + slope_at_[b],
                                    gradient_.data(), pulled_.data(), scratch_.data());
        add_scaled(static_cast<float>(spread[b * nodes_ + t]), pulled_.data(), size, moved_.data());
      }
      gradient_.swap(moved_);
    }
  }
}

double MeanField::linearise(std::span<const double> point, std::size_t tiles) {
  const std::vector<const RowTile*> own = evaluator_->own_tiles(tiles);
  const std::size_t channels = passes_.channels();
  const std::vector<double> weights = spread(point);
  const std::vector<Layer> layers = mixtures_.mix(*evaluator_, groups_, point.first(groups_.size()));
  hidden_at_.assign(1, 0);
  slope_at_.assign(1, 0);
  for (const Layer& layer : layers) {
    hidden_at_.push_back(hidden_at_.back() + layer.kernel->inner() * kTileRows);
    slope_at_.push_back(slope_at_.back() + layer.kernel->slope_size());
  }
  mpi::ExactSums squares(1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    equations_.resize(unknowns(), own.size() * channels);
    std::vector<float> errors(channels * kTileRows);
    for (std::size_t t = 0; t < own.size() && !stop_heard(); ++t) {
      squares.add(0, forward(*own[t], layers, weights, true, errors.data()));
      const std::span<RowEquations::Tile> tile = equations_.tiles().subspan(t * channels, channels);
      for (std::size_t c = 0; c < channels; ++c) {
        const float* const first = errors.data() + c * kTileRows;
        tile[c].errors.assign(first, first + kTileRows);
      }
      backward(*own[t], layers, weights, tile);
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(evaluations()), tiles);
  evaluator_->reduce(squares);
  return squares.value(0) / evaluator_->entries(tiles);
}

double MeanField::error(std::span<const double> point, std::size_t first, std::size_t last) {
  const std::vector<double> weights = spread(point);
  const std::vector<Layer> layers = mixtures_.mix(*evaluator_, groups_, point.first(groups_.size()));
  mpi::ExactSums squares(1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<float> errors(passes_.channels() * kTileRows);
    for (const RowTile* const tile : evaluator_->own_tiles(last)) {
      if (tile->index < first) continue;
      if (stop_heard()) break;
      squares.add(0, forward(*tile, layers, weights, false, errors.data()));
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(nodes_ * layers.size()), last - first);
  evaluator_->reduce(squares);
  return squares.value(0) / (evaluator_->entries(last) - evaluator_->entries(first));
}

}  // namespace kintsugi
