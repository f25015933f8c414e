#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "core/random.hpp"
#include "kernels/weight_gradient.hpp"
#include "synth/gradient_sums.hpp"
#include "synth/trainable.hpp"

namespace kintsugi {
namespace {

std::vector<float> normals(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// scale * sum of squared errors, by plain float64 loops over the pieces.
double reference_loss(const TrainableNetwork& network, const std::vector<float>& inputs,
                      const std::vector<float>& targets, double scale) {
  const auto apply = [](const Piece& piece, const std::vector<double>& x) {
    std::vector<double> y(piece.out, 0.0);
    for (std::size_t o = 0; o < piece.out; ++o) {
      for (std::size_t i = 0; i < piece.in; ++i) y[o] += double{piece.weight[o * piece.in + i]} * x[i];
      if (!piece.bias.empty()) y[o] += double{piece.bias[o]};
    }
    return y;
  };
  const NetworkShape& shape = network.shape();
  const auto normalise = [&](std::vector<double>& x, const BlockForm& form, const Piece* gain) {
    if (form.norm == Norm::none) return;
    const auto size = static_cast<double>(x.size());
    double mean = 0;
    for (const double value : x) mean += form.norm == Norm::layer ? value / size : 0;
    double square = form.eps;
    for (const double value : x) square += (value - mean) * (value - mean) / size;
    for (double& value : x) value = (value - mean) / std::sqrt(square);
    for (std::size_t i = 0; gain != nullptr && i < x.size(); ++i)
      x[i] = x[i] * double{gain->weight[i]} + (gain->bias.empty() ? 0 : double{gain->bias[i]});
  };
  const std::vector<ResidualBlock> blocks = network.blocks();
  const Piece head = network.head();
  const std::optional<Piece> head_norm = network.head_norm();
  double loss = 0;
  for (std::size_t row = 0; row < inputs.size() / shape.width; ++row) {
    const auto first = inputs.begin() + static_cast<std::ptrdiff_t>(row * shape.width);
    std::vector<double> state(first, first + static_cast<std::ptrdiff_t>(shape.width));
    for (const ResidualBlock& block : blocks) {
      std::map<PartKind, Piece> parts(block.parts.begin(), block.parts.end());
      std::vector<double> input = state;
      if (block.normed)
        normalise(input, shape.grammar.form, parts.contains(PartKind::norm) ? &parts[PartKind::norm] : nullptr);
      std::vector<double> hidden = apply(block.expand, input);
      if (parts.contains(PartKind::gate)) {
        const std::vector<double> gates = apply(parts[PartKind::gate], input);
        for (std::size_t i = 0; i < hidden.size(); ++i) hidden[i] *= activate(shape.activation, gates[i]);
      } else {
        for (double& z : hidden) z = activate(shape.activation, z);
      }
      const std::vector<double> residual = apply(block.compress, hidden);
      for (std::size_t i = 0; i < state.size(); ++i)
        state[i] += residual[i] * (parts.contains(PartKind::scale) ? double{parts[PartKind::scale].weight[i]} : 1);
    }
    normalise(state, shape.grammar.form.before_head(), head_norm ? &*head_norm : nullptr);
    const std::vector<double> prediction = apply(head, state);
    for (std::size_t k = 0; k < shape.outputs; ++k) {
      loss += scale * std::pow(prediction[k] - double{targets[row * shape.outputs + k]}, 2);
    }
  }
  return loss;
}

/// The largest difference between the gradient and central differences, over all parameters, relative to the largest
/// entry.
double gradient_error(NetworkShape shape, std::size_t rows) {
  TrainableNetwork network(std::move(shape));
  network.initialise(5);
  // Gains and scales, which are 1 at first, and norms' biases.
  Random random(3);
  for (float& value : network.parameters()) {
    value *= static_cast<float>(1 + 0.3 * random.normal());
    if (network.shape().biases) value += static_cast<float>(0.1 * random.normal());
  }
  network.refresh();
  const std::vector<float> inputs = normals(rows * network.shape().width, 1);
  const std::vector<float> targets = normals(rows * network.shape().outputs, 2);
  const float scale = 1 / static_cast<float>(rows);
  GradientSums sums(network.parameters().size() + 1, 8);
  network.add_gradient(inputs, targets, scale, sums);
  EXPECT_FALSE(sums.overflowed());
  EXPECT_NEAR(sums.value(network.parameters().size()), reference_loss(network, inputs, targets, double{scale}), 1e-4);

  kernels::TileBuffer gradient(network.parameters().size());
  sums.take(gradient);
  network.unfold_gradient(gradient);
  double largest = 0;
  double error = 0;
  for (std::size_t i = 0; i < network.parameters().size(); ++i) {
    // So small that no relu changes sides, which would cost the difference its meaning.
    constexpr float kStep = 0x1.0p-16F;
    const float saved = network.parameters()[i];
    const auto loss_at = [&](float value) {
      network.parameters()[i] = value;
      return reference_loss(network, inputs, targets, double{scale});
    };
    const double above = double{saved + kStep};
    const double below = double{saved - kStep};
    const double slope = (loss_at(saved + kStep) - loss_at(saved - kStep)) / (above - below);
    network.parameters()[i] = saved;
    largest = std::max(largest, std::abs(slope));
    error = std::max(error, std::abs(slope - double{gradient[i]}));
  }
  return error / largest;
}

TEST(Gradient, EqualsFiniteDifferencesForSmoothActivations) {
  for (const Activation activation : {Activation::gelu, Activation::silu, Activation::tanh, Activation::identity}) {
    EXPECT_LT(gradient_error({5, {7, 3}, 2, activation, true}, 10), 2e-5) << to_string(activation);
  }
}

TEST(Gradient, EqualsFiniteDifferencesForReluAndLeakyRelu) {
  for (const Activation activation : {Activation::relu, Activation::leaky_relu}) {
    EXPECT_LT(gradient_error({6, {12, 9, 12}, 1, activation, true}, 10), 2e-5) << to_string(activation);
  }
}

TEST(Gradient, HoldsWithoutBiasesAndOverSeveralGroupsAndAPartialTile) {
  EXPECT_LT(gradient_error({4, {8}, 3, Activation::tanh, false}, 150), 2e-5);
  EXPECT_LT(gradient_error({4, {8}, 1, Activation::tanh, true}, 65), 2e-5);
}

TEST(Gradient, EqualsFiniteDifferencesForNormsGatesAndScales) {
  for (const Norm norm : {Norm::none, Norm::layer, Norm::rms}) {
    for (const bool gated : {false, true}) {
      for (const bool gain : {false, true}) {
        const GrammarOptions grammar{{norm, 0.1, gated}, gain, gain};
        EXPECT_LT(gradient_error({5, {7, 3}, 2, Activation::silu, true, grammar}, 10), 2e-5)
            << to_string(grammar.form) << " " << gain;
      }
    }
  }
  EXPECT_LT(gradient_error({5, {7}, 1, Activation::tanh, false, {{Norm::layer, kNormEps, true}, true, true}}, 70),
            5e-5);
}

TEST(Gradient, EqualsFiniteDifferencesForANormBeforeTheHeadAndPartsOfSomeBlocks) {
  for (const Norm norm : {Norm::layer, Norm::rms}) {
    for (const bool gain : {false, true}) {
      const GrammarOptions grammar{{Norm::none, 0.1, false, norm}, gain, false};
      EXPECT_LT(gradient_error({5, {7, 3}, 2, Activation::silu, true, grammar}, 70), 5e-5)
          << to_string(grammar.form) << " " << gain;
    }
    const GrammarOptions grammar{{norm, 0.1, true, norm}, true, true, 0.5};
    EXPECT_LT(gradient_error({5, {7, 3, 4}, 2, Activation::silu, true, grammar}, 10), 2e-5) << to_string(grammar.form);
  }
}

TEST(Gradient, IsTheSameWithEigenInPlaceOfLibxsmm) {
  const kernels::GemmBackend before = kernels::gemm_backend();
  kernels::set_gemm_backend(kernels::GemmBackend::eigen);
  EXPECT_LT(gradient_error({5, {7, 16}, 2, Activation::gelu, true}, 70), 2e-5);
  kernels::set_gemm_backend(before);
}

TEST(Gradient, NetworkWithoutBiasesHasNoneInItsPieces) {
  TrainableNetwork network({4, {8}, 1, Activation::relu, false});
  network.initialise(1);
  EXPECT_TRUE(network.blocks()[0].expand.bias.empty());
  EXPECT_TRUE(network.head().bias.empty());
}

TEST(Gradient, InitialWeightsAreUniformInTheBoundsOfTheFanIn) {
  TrainableNetwork network({40, {90, 70}, 1, Activation::relu, true});
  network.initialise(3);
  const auto check = [](const Piece& piece) {
    const double bound = 1 / std::sqrt(static_cast<double>(piece.in));
    double square = 0;
    double largest = 0;
    for (const float value : piece.weight) {
      square += double{value} * double{value};
      largest = std::max(largest, std::abs(double{value}));
    }
    EXPECT_LE(largest, bound * (1 + 1e-6));
    EXPECT_GT(largest, bound * 0.99);
    EXPECT_NEAR(square / static_cast<double>(piece.weight.size()) / (bound * bound / 3), 1, 0.06);
    for (const float value : piece.bias) EXPECT_LE(std::abs(double{value}), bound * (1 + 1e-6));
  };
  for (const ResidualBlock& block : network.blocks()) {
    check(block.expand);
    check(block.compress);
  }
  EXPECT_NE(network.blocks()[0].expand.weight[0], network.blocks()[1].expand.weight[0]);
}

TEST(WeightGradient, EqualsPlainLoopsOnOddShapesAndBothBackends) {
  using kernels::kTileRows;
  const kernels::GemmBackend before = kernels::gemm_backend();
  for (const kernels::GemmBackend backend : {before, kernels::GemmBackend::eigen}) {
    kernels::set_gemm_backend(backend);
    for (const auto& [out, in] : {std::pair<std::size_t, std::size_t>{96, 48}, {48, 96}, {1, 48}, {7, 13}, {3, 1}}) {
      const std::vector<float> g_values = normals(out * kTileRows, 1);
      const std::vector<float> x_values = normals(in * kTileRows, 2);
      const kernels::TileBuffer g(g_values.begin(), g_values.end());
      const kernels::TileBuffer x(x_values.begin(), x_values.end());
      kernels::TileBuffer transposed(x.size());
      kernels::transpose_tile(in, x.data(), transposed.data());
      for (std::size_t i = 0; i < in; ++i) {
        for (std::size_t row = 0; row < kTileRows; ++row) {
          ASSERT_EQ(transposed[row * in + i], x[i * kTileRows + row]);
        }
      }
      const kernels::WeightGradient product(out, in);
      std::vector<float> gradient(out * in, 7.0F);
      product(g.data(), transposed.data(), gradient.data(), false);
      product(g.data(), transposed.data(), gradient.data(), true);
      for (std::size_t o = 0; o < out; ++o) {
        for (std::size_t i = 0; i < in; ++i) {
          double expected = 0;
          for (std::size_t row = 0; row < kTileRows; ++row) {
            expected += 2 * double{g[o * kTileRows + row]} * double{x[i * kTileRows + row]};
          }
          ASSERT_NEAR(gradient[o * in + i], expected, 2e-5) << out << " x " << in;
        }
      }
    }
  }
  kernels::set_gemm_backend(before);
}

TEST(GradientSums, AreExactInAnyOrderAndOnAnyGrouping) {
  const std::vector<float> values = normals(1000, 9);
  GradientSums forward(1, 1000);
  GradientSums backward(1, 1000);
  double expected = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    forward.add(0, {&values[i], 1});
    backward.add(0, {&values[values.size() - 1 - i], 1});
    expected += double{values[i]};
  }
  EXPECT_EQ(forward.value(0), backward.value(0));
  EXPECT_NEAR(forward.value(0), expected, 1000 * GradientSums::kQuantum);
  float taken = 0;
  forward.take({&taken, 1});
  EXPECT_EQ(taken, static_cast<float>(backward.value(0)));
  EXPECT_EQ(forward.value(0), 0);
}

TEST(GradientSums, NoticeWhatDoesNotFit) {
  GradientSums sums(2, 4);
  EXPECT_EQ(sums.limit(), 16384);
  float taken[2] = {};
  const auto overflows = [&](float value) {
    const float values[] = {value, 0.0F};
    sums.add(0, values);
    const bool result = sums.overflowed();
    sums.take(taken);
    EXPECT_FALSE(sums.overflowed());
    return result;
  };
  EXPECT_FALSE(overflows(16383.5F));
  EXPECT_EQ(taken[0], 16383.5F);
  EXPECT_FALSE(overflows(-16383.5F));
  EXPECT_EQ(taken[0], -16383.5F);
  EXPECT_TRUE(overflows(16384.0F));
  EXPECT_TRUE(overflows(-1e30F));
  EXPECT_TRUE(overflows(std::nanf("")));
  EXPECT_TRUE(overflows(-INFINITY));
}

}  // namespace
}  // namespace kintsugi
