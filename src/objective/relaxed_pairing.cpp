#include "objective/relaxed_pairing.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/assignment.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/first_order_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Of the mean diagonal entry of the normal equations. Too little and the first step overshoots; a step that was
// predicted well lowers it.
constexpr double kDamping = 0.3;
constexpr int kTrials = 6;
constexpr double kStronger = 4;
constexpr double kWeaker = 0.25;
// Actual by predicted fall of the error, from where on the model is good, and below which it is bad.
constexpr double kGood = 0.5;
constexpr double kBad = 0.25;
// Conjugate gradients stop where the residual's square has fallen to this share, or after so many products.
constexpr double kConverged = 1e-4;
constexpr int kProducts = 60;

constexpr int kRows = static_cast<int>(kTileRows);
using RowValues = Eigen::Matrix<float, kRows, 1>;
using Slopes = Eigen::Map<const Eigen::Matrix<float, kRows, Eigen::Dynamic>>;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(float factor, const float* from, kernels::TileBuffer& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

}  // namespace

void RelaxedPairing::find_groups(const Blocks& blocks, const std::set<int>& loose) {
  blocks_ = blocks;
  std::map<std::size_t, Group> by_hidden;
  for (std::size_t p = 0; p < blocks.size(); ++p) {
    if (!loose.contains(blocks[p].expand)) continue;
    Group& group = by_hidden[evaluator_->weights().hidden(blocks[p].expand)];
    group.expand.push_back(blocks[p].expand);
    group.compress.push_back(blocks[p].compress);
  }
  groups_.clear();
  std::size_t shares = 0;
  for (auto& [hidden, group] : by_hidden) {
    std::ranges::sort(group.expand);
    std::ranges::sort(group.compress);
    for (const int expand : group.expand) {
      group.positions.push_back(static_cast<std::size_t>(position_of(expand, blocks)));
    }
    group.shares = shares;
    shares += group.expand.size() * group.compress.size();
    groups_.push_back(std::move(group));
  }
  shares_.assign(shares, 0);
}

void RelaxedPairing::start(const Blocks& blocks, const std::set<int>& loose) {
  find_groups(blocks, loose);
  for (const Group& group : groups_) {
    const std::size_t size = group.compress.size();
    std::fill_n(shares_.begin() + static_cast<std::ptrdiff_t>(group.shares), size * size,
                1 / static_cast<double>(size));
  }
  error_ = 0;
  damping_ = kDamping;
}

std::vector<Layer> RelaxedPairing::mix(std::span<const double> shares) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t width = weights.roles().width;
  std::vector<Layer> layers = layers_of(*evaluator_, blocks_);
  mixtures_.resize(blocks_.size());
  for (const Group& group : groups_) {
    const double* share = shares.data() + group.shares;
    for (const std::size_t p : group.positions) {
      Mixture& mixture = mixtures_[p];
      const std::size_t hidden = layers[p].kernel->hidden();
      mixture.w_out.assign(width * hidden, 0.0F);
      mixture.w_out_t.assign(width * hidden, 0.0F);
      mixture.b_out.assign(width, 0.0F);
      for (const int compress : group.compress) {
        const kernels::BlockWeights part = weights.block({blocks_[p].expand, compress});
        const auto factor = static_cast<float>(*share++);
        add_scaled(factor, part.w_out, mixture.w_out);
        add_scaled(factor, part.w_out_t, mixture.w_out_t);
        add_scaled(factor, part.b_out, mixture.b_out);
      }
      layers[p].weights.w_out = mixture.w_out.data();
      layers[p].weights.w_out_t = mixture.w_out_t.data();
      layers[p].weights.b_out = mixture.b_out.data();
    }
  }
  return layers;
}

// Takes from `step` what would change the sums of rows and columns.
void RelaxedPairing::project(std::vector<double>& step) const {
  for (const Group& group : groups_) {
    const auto size = static_cast<Eigen::Index>(group.compress.size());
    Eigen::Map<Eigen::MatrixXd> shares(step.data() + group.shares, size, size);
    const Eigen::VectorXd rows = shares.rowwise().mean();
    const Eigen::RowVectorXd columns = shares.colwise().mean();
    const double all = shares.mean();
    shares.colwise() -= rows;
    shares.rowwise() -= columns;
    shares.array() += all;
  }
}

// The slopes of the last passes' channels in all shares, into as many equations: a piece's response to the hidden
// activations of each block, along the gradient behind it.
void RelaxedPairing::add_slopes(std::span<const Layer> layers, std::size_t first_equation) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = passes_.size();
  response_.resize(size);
  hidden_.resize(hidden_tile(layers));
  for (const Group& group : groups_) {
    std::size_t at = group.shares * kTileRows;
    for (const std::size_t p : group.positions) {
      layers[p].kernel->residual(layers[p].weights, passes_.state(p), response_.data(), hidden_.data());
      for (const int compress : group.compress) {
        layers[p].kernel->compress(weights.block({blocks_[p].expand, compress}), hidden_.data(), response_.data());
        for (std::size_t c = 0; c < passes_.channels(); ++c) {
          const float* const gradient = gradients_.data() + (c * (layers.size() + 1) + p + 1) * size;
          add_products(gradient, response_.data(), size, equations_[first_equation + c].slopes.data() + at);
        }
        at += kTileRows;
      }
    }
  }
}

// Fills equations_ and error_; returns the mean diagonal entry of the normal equations.
double RelaxedPairing::linearise(std::span<const Layer> layers, std::size_t tiles) {
  const std::vector<const RowTile*> own = evaluator_->own_tiles(tiles);
  const std::size_t channels = passes_.channels();
  mpi::ExactSums sums(2);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    equations_.resize(own.size() * channels);
    std::vector<float> errors(channels * kTileRows);
    for (std::size_t t = 0; t < own.size(); ++t) {
      sums.add(0, passes_.forward(*own[t], layers, errors.data()));
      gradients_.clear();
      for (std::size_t c = 0; c < channels; ++c) {
        passes_.backward(*own[t], layers, c);
        gradients_.insert(gradients_.end(), passes_.gradient(0), passes_.gradient(layers.size() + 1));
        Equations& equations = equations_[t * channels + c];
        equations.slopes.assign(shares_.size() * kTileRows, 0.0F);
        equations.errors.assign(errors.begin() + static_cast<std::ptrdiff_t>(c * kTileRows),
                                errors.begin() + static_cast<std::ptrdiff_t>((c + 1) * kTileRows));
      }
      add_slopes(layers, t * channels);
      for (std::size_t c = 0; c < channels; ++c) {
        const kernels::TileBuffer& slopes = equations_[t * channels + c].slopes;
        sums.add(1, Slopes(slopes.data(), kRows, static_cast<Eigen::Index>(shares_.size())).squaredNorm());
      }
    }
  }
  // Passes; and half a block for each piece in each block.
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks_.size() * (2 + channels) + (shares_.size() + 1) / 2),
                           tiles);
  const ScopedSeconds timing(evaluator_->clock().collectives);
  sums.reduce(evaluator_->island());
  error_ =
      sums.value(0) / static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
  return sums.value(1) / static_cast<double>(shares_.size());
}

// A^T A x for the equations' slopes A [rows x shares], or A^T e for their errors where `along` is empty.
std::vector<double> RelaxedPairing::sum_over_rows(std::span<const double> along) {
  const auto shares = static_cast<Eigen::Index>(shares_.size());
  mpi::ExactSums sums(shares_.size());
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    Eigen::VectorXf direction(static_cast<Eigen::Index>(along.size()));
    for (Eigen::Index i = 0; i < direction.size(); ++i)
      direction[i] = static_cast<float>(along[static_cast<std::size_t>(i)]);
    RowValues rows;
    Eigen::VectorXf sum(shares);
    for (const Equations& equations : equations_) {
      const Slopes slopes(equations.slopes.data(), kRows, shares);
      if (along.empty()) {
        rows = Eigen::Map<const RowValues>(equations.errors.data());
      } else {
        rows.noalias() = slopes * direction;
      }
      sum.noalias() = slopes.transpose() * rows;
      for (Eigen::Index i = 0; i < shares; ++i) sums.add(static_cast<std::size_t>(i), sum[i]);
    }
  }
  const ScopedSeconds timing(evaluator_->clock().collectives);
  sums.reduce(evaluator_->island());
  std::vector<double> result(shares_.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = sums.value(i);
  return result;
}

// The step of least damped squares, where the error's slope is A^T e.
std::vector<double> RelaxedPairing::solve(std::vector<double> slope, double damping) {
  std::vector<double> residual = std::move(slope);
  project(residual);
  for (double& entry : residual) entry = -entry;
  std::vector<double> step(residual.size(), 0);
  std::vector<double> direction = residual;
  double square = dot(residual, residual);
  const double enough = kConverged * square;
  for (int i = 0; i < kProducts && square > enough && std::isfinite(square); ++i) {
    std::vector<double> product = sum_over_rows(direction);
    project(product);
    for (std::size_t n = 0; n < product.size(); ++n) product[n] += damping * direction[n];
    const double length = square / dot(direction, product);
    for (std::size_t n = 0; n < step.size(); ++n) {
      step[n] += length * direction[n];
      residual[n] -= length * product[n];
    }
    const double next = dot(residual, residual);
    for (std::size_t n = 0; n < step.size(); ++n) direction[n] = residual[n] + next / square * direction[n];
    square = next;
  }
  return step;
}

double RelaxedPairing::mixture_error(std::span<const double> shares, std::size_t tiles) {
  mpi::ExactSums squares(1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    const std::vector<Layer> layers = mix(shares);
    std::vector<float> errors(passes_.channels() * kTileRows);
    for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
      squares.add(0, passes_.forward(*rows, layers, errors.data()));
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks_.size()), tiles);
  const ScopedSeconds timing(evaluator_->clock().collectives);
  squares.reduce(evaluator_->island());
  return squares.value(0) /
         static_cast<double>(evaluator_->rows().rows_in(tiles) * evaluator_->weights().roles().outputs);
}

std::size_t RelaxedPairing::affordable_tiles() const {
  const std::size_t bytes = shares_.size() * passes_.channels() * kTileRows * sizeof(float);
  return std::max<std::size_t>(1, kMemory / bytes);
}

bool RelaxedPairing::step(std::size_t tiles) {
  if (shares_.empty()) return false;
  const std::size_t used = std::min(tiles, affordable_tiles());
  const double diagonal = linearise(mix(shares_), used);
  const bool lower = std::isfinite(error_) && std::isfinite(diagonal) && descend(diagonal, used);
  // Searches are many, and slopes take much memory.
  std::vector<Equations>().swap(equations_);
  return lower;
}

// With the equations of the present shares; `diagonal` is the mean of their normal matrix.
bool RelaxedPairing::descend(double diagonal, std::size_t used) {
  const std::vector<double> slope = sum_over_rows({});
  const auto entries = static_cast<double>(evaluator_->rows().rows_in(used) * evaluator_->weights().roles().outputs);
  for (int trial = 0; trial < kTrials; ++trial) {
    const std::vector<double> step = solve(slope, damping_ * diagonal);
    std::vector<double> tried = shares_;
    for (std::size_t n = 0; n < tried.size(); ++n) tried[n] += step[n];
    const double error = mixture_error(tried, used);
    if (!(error < error_)) {
      damping_ *= kStronger;
      continue;
    }
    // What conjugate gradients have come to is at right angles to what they have left.
    const double predicted = (damping_ * diagonal * dot(step, step) - dot(step, slope)) / entries;
    const double gain = (error_ - error) / predicted;
    if (gain > kGood) damping_ *= kWeaker;
    if (gain < kBad) damping_ *= kStronger;
    shares_ = std::move(tried);
    error_ = error;
    return true;
  }
  return false;
}

std::vector<RelaxedPairing::Exchange> RelaxedPairing::exchanges(const Blocks& blocks, const std::set<int>& loose,
                                                                std::size_t tiles) {
  find_groups(blocks, loose);
  std::vector<Exchange> all;
  if (shares_.empty()) return all;
  std::vector<std::array<std::size_t, 4>> entries;  // of each exchange in the shares: two to come, two to go
  for (const Group& group : groups_) {
    const std::size_t size = group.expand.size();
    std::vector<std::size_t> column(size);
    for (std::size_t i = 0; i < size; ++i) {
      const int compress = blocks[group.positions[i]].compress;
      column[i] = static_cast<std::size_t>(std::ranges::lower_bound(group.compress, compress) - group.compress.begin());
    }
    const auto entry = [&](std::size_t i, std::size_t j) { return group.shares + i * size + column[j]; };
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = i + 1; j < size; ++j) {
        const auto [a, b] = std::minmax(group.positions[i], group.positions[j]);
        all.push_back({a, b, 0});
        entries.push_back({entry(i, j), entry(j, i), entry(i, i), entry(j, j)});
      }
    }
  }
  const std::size_t used = std::min(tiles, affordable_tiles());
  // A pairing needs no mixtures, which would be a copy of its weights.
  (void)linearise(layers_of(*evaluator_, blocks), used);
  mpi::ExactSums sums(all.size());
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    for (const Equations& equations : equations_) {
      const Slopes slopes(equations.slopes.data(), kRows, static_cast<Eigen::Index>(shares_.size()));
      const Eigen::Map<const RowValues> errors(equations.errors.data());
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto slope = [&](std::size_t k) { return slopes.col(static_cast<Eigen::Index>(entries[i][k])); };
        const RowValues effect = slope(0) + slope(1) - slope(2) - slope(3);
        sums.add(i, effect.dot(2 * errors + effect));
      }
    }
  }
  std::vector<Equations>().swap(equations_);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    sums.reduce(evaluator_->island());
  }
  const auto count = static_cast<double>(evaluator_->rows().rows_in(used) * evaluator_->weights().roles().outputs);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].change = sums.value(i) / count;
  return all;
}

Blocks RelaxedPairing::rounded(Blocks blocks, std::span<const double> shares) const {
  for (const Group& group : groups_) {
    const std::size_t size = group.compress.size();
    const std::vector<int> chosen = assign(shares.subspan(group.shares, size * size), size, size);
    for (std::size_t i = 0; i < size; ++i) {
      blocks[static_cast<std::size_t>(position_of(group.expand[i], blocks))].compress =
          group.compress[static_cast<std::size_t>(chosen[i])];
    }
  }
  return blocks;
}

void RelaxedPairing::state(StateArchive& archive, const std::set<int>& loose) {
  archive(blocks_);
  if (archive.reading()) find_groups(Blocks(blocks_), loose);
  const std::size_t expected = shares_.size();
  archive(shares_, error_, damping_);
  archive.require(shares_.size() == expected);
}

}  // namespace kintsugi
