#include "synth/planted.hpp"

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "kintsugi/core/error.hpp"
#include "synth/streams.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajorF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Standard deviation of biases, where a layer's output has about unit size before them.
constexpr double kBias = 0.2;
/// Of the biases of norms.
constexpr double kNormBias = 0.1;

MatrixXd gaussian(Random& random, Index rows, Index columns, double deviation) {
  return MatrixXd::NullaryExpr(rows, columns, [&] { return deviation * random.normal(); });
}

std::vector<float> gaussian_vector(Random& random, std::size_t size, double deviation) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(deviation * random.normal());
  return values;
}

Piece to_piece(const MatrixXd& weight) {
  Piece piece;
  piece.out = static_cast<std::size_t>(weight.rows());
  piece.in = static_cast<std::size_t>(weight.cols());
  piece.weight.resize(piece.out * piece.in);
  Eigen::Map<RowMajorF>(piece.weight.data(), weight.rows(), weight.cols()) = weight.cast<float>();
  return piece;
}

/// Per feature exp(drift times a smooth function of the place in 0 .. 1, of about unit variance over features): the
/// lowest waves that are even at both ends, with random amplitudes.
VectorXd drift_scales(Random& random, Index features, double drift, double place) {
  constexpr int kWaves = 4;
  return VectorXd::NullaryExpr(features, [&] {
    double sum = 0;
    for (int wave = 1; wave <= kWaves; ++wave) sum += random.normal() * std::cos(std::numbers::pi * wave * place);
    return std::exp(drift * sum * std::sqrt(2.0 / kWaves));
  });
}

/// Numbers about 1, none of them near 0.
VectorXd about_one(Random& random, Index count) {
  constexpr double kSpread = 0.25;
  constexpr double kLeast = 0.2;
  return VectorXd::NullaryExpr(count, [&] { return std::max(kLeast, 1 + kSpread * random.normal()); });
}

Piece to_part(const VectorXd& values) { return to_piece(MatrixXd(values)); }

/// E[act(z)^2] for a normal z of the variance that pre-activations have, by the trapezoid rule.
double mean_square_activation(Activation activation, bool biases) {
  const double deviation = biases ? std::sqrt(1 + kBias * kBias) : 1;
  constexpr int kSteps = 2000;
  constexpr double kReach = 8;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = kReach * (2.0 * i / kSteps - 1);
    const double a = activate(activation, deviation * z);
    sum += a * a * std::exp(-0.5 * z * z);
  }
  return sum * (2 * kReach / kSteps) / std::sqrt(2 * std::numbers::pi);
}

/// The share p of -(I - Q Q^T) W_in^T in W_out, both parts scaled to one norm, that makes the expected |tr P| / ||P||_F
/// of P = W_out W_in equal `signal`: with f the share of directions outside Q, E tr P = -p sqrt(f) h and E ||P||^2 =
/// p^2 (h^2 / d + h) + (1 - p^2) h. Above 1 where no share does.
double signal_share(double signal, double width, double hidden, double free_share) {
  const double slope = hidden * (free_share - signal * signal / width);
  return slope > 0 ? signal / std::sqrt(slope) : 2.0;
}

double free_share(std::size_t width) { return 1 - static_cast<double>(width / 4) / static_cast<double>(width); }

void require(bool holds, const std::string& rule, double value) {
  if (!holds) throw UsageError("planted network: " + rule + ", not " + std::to_string(value));
}

void check(const PlantedOptions& o) {
  const auto real = [](std::size_t n) { return static_cast<double>(n); };
  require(o.blocks >= 1, "the number of blocks must be at least 1", real(o.blocks));
  require(o.width >= 1, "the width must be at least 1", real(o.width));
  require(o.outputs >= 1, "the number of outputs must be at least 1", real(o.outputs));
  require(o.rows >= 2, "the number of rows must be at least 2", real(o.rows));
  require(!o.hidden.empty(), "at least one hidden size must be given", 0);
  require(o.copies < o.blocks, "copies must be fewer than blocks (" + std::to_string(o.blocks) + ")", real(o.copies));
  require(o.depth_range >= 0 && std::isfinite(o.depth_range), "the depth range must be at least 0", o.depth_range);
  require(o.depth_jitter >= 0 && std::isfinite(o.depth_jitter), "the depth jitter must be at least 0", o.depth_jitter);
  require(o.drift >= 0 && std::isfinite(o.drift), "the drift must be at least 0", o.drift);
  require(o.residual >= 0 && std::isfinite(o.residual), "the residual scale must be at least 0", o.residual);
  require(o.noise >= 0 && std::isfinite(o.noise), "the noise must be at least 0", o.noise);
  require(o.grammar.share > 0 && o.grammar.share <= 1, "the share of blocks with a part must be above 0 and at most 1",
          o.grammar.share);
  require(o.grammar.share == 1 || o.grammar.form.norm == Norm::none || o.grammar.gain,
          "a norm without a gain stands before all blocks: their share must be 1", o.grammar.share);
  require(o.decimals <= 15, "decimals must be at most 15", o.decimals);
  require(o.pair_signal >= 0, "the pairing signal must be at least 0", o.pair_signal);
  for (const std::size_t hidden : o.hidden) {
    require(hidden >= 1, "a hidden size must be at least 1", real(hidden));
    const double share = signal_share(o.pair_signal, real(o.width), real(hidden), free_share(o.width));
    const double limit = std::sqrt(free_share(o.width) * real(hidden * o.width) / real(hidden + o.width));
    require(o.pair_signal == 0 || share <= 1,
            "with width " + std::to_string(o.width) + " and hidden size " + std::to_string(hidden) +
                " the pairing signal can be at most " + std::to_string(limit),
            o.pair_signal);
  }
}

/// The parts of a block, whose pieces are changed to what goes with them.
std::vector<std::pair<PartKind, Piece>> add_parts(const PlantedOptions& options, std::size_t original, MatrixXd& expand,
                                                  MatrixXd& compress) {
  Random random = synth_random(options.seed, SynthStream::parts, original);
  const GrammarOptions& grammar = options.grammar;
  std::vector<std::pair<PartKind, Piece>> parts;
  VectorXd gain = VectorXd::Ones(expand.cols());
  for (const PartKind kind : grammar.kinds(original)) {
    switch (kind) {
      case PartKind::norm: {
        gain = about_one(random, expand.cols());
        expand *= gain.asDiagonal();
        Piece norm = to_part(gain);
        if (options.biases && rule_of(grammar.form.norm).shifted)
          norm.bias = gaussian_vector(random, norm.out, kNormBias);
        parts.emplace_back(kind, std::move(norm));
        break;
      }
      case PartKind::gate: {
        const VectorXd size = about_one(random, expand.rows());
        Piece gate = to_piece(
            MatrixXd(size.asDiagonal() *
                     gaussian(random, expand.rows(), expand.cols(), 1 / std::sqrt(static_cast<double>(expand.cols()))) *
                     gain.asDiagonal()));
        expand = size.asDiagonal() * expand;
        compress = compress * size.asDiagonal();
        if (options.biases) gate.bias = gaussian_vector(random, gate.out, kBias);
        parts.emplace_back(kind, std::move(gate));
        break;
      }
      case PartKind::scale: {
        const VectorXd scale = about_one(random, compress.rows());
        compress = scale.asDiagonal() * compress;
        parts.emplace_back(kind, to_part(scale));
        break;
      }
      case PartKind::head_norm: break;
    }
  }
  return parts;
}

}  // namespace

std::string_view to_string(DepthTrend trend) {
  switch (trend) {
    case DepthTrend::none: return "none";
    case DepthTrend::growing: return "growing";
    case DepthTrend::shrinking: return "shrinking";
  }
  throw InternalError("unknown depth trend value");
}

DepthTrend parse_depth_trend(std::string_view name) {
  for (const DepthTrend trend : {DepthTrend::none, DepthTrend::growing, DepthTrend::shrinking}) {
    if (to_string(trend) == name) return trend;
  }
  throw UsageError("unknown depth trend '" + std::string(name) + "'; known are: none growing shrinking");
}

PlantedRecipe::PlantedRecipe(PlantedOptions options) : options_(std::move(options)) {
  check(options_);
  if (options_.residual == 0) options_.residual = std::min(0.1, 1 / std::sqrt(static_cast<double>(options_.blocks)));
  const auto width = static_cast<Index>(options_.width);
  if (const Index kept = width / 4; kept > 0) {
    Random random = synth_random(options_.seed, SynthStream::basis);
    const Eigen::HouseholderQR<MatrixXd> qr(gaussian(random, width, kept, 1));
    const MatrixXd basis = qr.householderQ() * MatrixXd::Identity(width, kept);
    basis_.assign(basis.data(), basis.data() + basis.size());
  }
  originals_ = draw_originals(options_.blocks, options_.copies, options_.seed);
}

std::size_t PlantedRecipe::hidden(std::size_t block) const {
  return options_.hidden[originals_[block] % options_.hidden.size()];
}

ResidualBlock PlantedRecipe::block(std::size_t block) const {
  const auto d = static_cast<Index>(options_.width);
  const auto h = static_cast<Index>(hidden(block));
  const std::size_t original = originals_[block];
  Random random = synth_random(options_.seed, SynthStream::block, original);

  MatrixXd expand = gaussian(random, h, d, 1 / std::sqrt(static_cast<double>(d)));
  MatrixXd compress = gaussian(random, d, h, 1 / std::sqrt(static_cast<double>(d)));
  if (options_.pair_signal > 0) {
    const double free = free_share(options_.width);
    const double share = signal_share(options_.pair_signal, static_cast<double>(d), static_cast<double>(h), free);
    const Eigen::Map<const MatrixXd> basis(basis_.data(), d, d / 4);
    const MatrixXd pull = expand.transpose() - basis * (basis.transpose() * expand.transpose());
    compress = std::sqrt(1 - share * share) * compress - share / std::sqrt(free) * pull;
  }
  const double place =
      options_.blocks > 1 ? static_cast<double>(original) / static_cast<double>(options_.blocks - 1) - 0.5 : 0.0;
  if (options_.drift > 0) {
    // The same waves for all blocks.
    Random waves = synth_random(options_.seed, SynthStream::drift);
    const VectorXd read = drift_scales(waves, d, options_.drift, place + 0.5);
    const double norm = expand.norm();
    expand *= read.asDiagonal();
    expand *= norm / expand.norm();
    compress = drift_scales(waves, d, options_.drift, place + 0.5).asDiagonal() * compress;
  }
  const double sign = options_.depth == DepthTrend::none ? 0 : options_.depth == DepthTrend::growing ? 1 : -1;
  const double factor = std::exp(sign * options_.depth_range * place + options_.depth_jitter * random.normal());
  const std::vector<PartKind> kinds = options_.grammar.kinds(original);
  const bool gated = std::ranges::find(kinds, PartKind::gate) != kinds.end();
  // A state of unit size gives a residual of size `residual` where W_out has this norm, for any hidden size.
  const double norm = factor * options_.residual * std::sqrt(static_cast<double>(d)) /
                      std::sqrt(mean_square_activation(options_.activation, options_.biases) *
                                (gated && options_.biases ? 1 + kBias * kBias : 1));
  compress *= norm / compress.norm();

  std::vector<std::pair<PartKind, Piece>> parts = add_parts(options_, original, expand, compress);
  ResidualBlock result{to_piece(expand), to_piece(compress), std::move(parts), options_.grammar.normed(original)};
  if (options_.biases) {
    result.expand.bias = gaussian_vector(random, static_cast<std::size_t>(h), kBias);
    result.compress.bias = gaussian_vector(random, static_cast<std::size_t>(d), kBias * options_.residual * factor);
  }
  return result;
}

Piece PlantedRecipe::head(double scale) const {
  Random random = synth_random(options_.seed, SynthStream::head);
  const auto d = static_cast<Index>(options_.width);
  MatrixXd weight =
      scale * gaussian(random, static_cast<Index>(options_.outputs), d, 1 / std::sqrt(static_cast<double>(d)));
  if (const std::optional<Piece> norm = head_norm())
    weight *= Eigen::Map<const Eigen::VectorXf>(norm->weight.data(), d).cast<double>().asDiagonal();
  Piece head = to_piece(weight);
  if (options_.biases) head.bias = gaussian_vector(random, options_.outputs, kBias);
  return head;
}

std::optional<Piece> PlantedRecipe::head_norm() const {
  if (!options_.grammar.head_gain()) return std::nullopt;
  Random random = synth_random(options_.seed, SynthStream::parts, options_.blocks);
  Piece norm = to_part(about_one(random, static_cast<Index>(options_.width)));
  if (options_.biases && rule_of(options_.grammar.form.head_norm).shifted)
    norm.bias = gaussian_vector(random, norm.out, kNormBias);
  return norm;
}

void PlantedRecipe::inputs(std::size_t first, std::size_t count, std::span<float> values) const {
  if (values.size() != count * options_.width) throw InternalError("PlantedRecipe::inputs: a buffer of the wrong size");
  for (std::size_t i = 0; i < count; ++i) {
    Random random = synth_random(options_.seed, SynthStream::inputs, first + i);
    for (float& value : values.subspan(i * options_.width, options_.width)) {
      value = static_cast<float>(random.normal());
    }
  }
}

void PlantedRecipe::finish_predictions(std::size_t first, std::span<const double> exact,
                                       std::span<float> values) const {
  const std::size_t k = options_.outputs;
  if (values.size() != exact.size() || exact.size() % k != 0) {
    throw InternalError("PlantedRecipe::finish_predictions: a buffer of the wrong size");
  }
  const double unit = options_.decimals >= 0 ? std::pow(10.0, options_.decimals) : 0;
  for (std::size_t i = 0; i < exact.size(); i += k) {
    Random random = synth_random(options_.seed, SynthStream::noise, first + i / k);
    for (std::size_t j = i; j < i + k; ++j) {
      double value = exact[j];
      if (options_.noise > 0) value += options_.noise * random.normal();
      if (options_.decimals >= 0) value = std::round(value * unit) / unit;
      values[j] = static_cast<float>(value);
    }
  }
}

}  // namespace kintsugi
