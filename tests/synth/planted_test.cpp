#include "synth/planted.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "support/planted.hpp"

namespace kintsugi {
namespace {

const Piece& piece_at(const Network& network, int position) {
  return network.pieces[static_cast<std::size_t>(position)];
}

/// weight x + bias by plain loops.
std::vector<double> apply_layer(const Piece& piece, const std::vector<double>& x) {
  std::vector<double> y(piece.out, 0.0);
  for (std::size_t o = 0; o < piece.out; ++o) {
    for (std::size_t i = 0; i < piece.in; ++i) y[o] += double{piece.weight[o * piece.in + i]} * x[i];
    if (!piece.bias.empty()) y[o] += double{piece.bias[o]};
  }
  return y;
}

/// The state after the blocks of `truth` for one row, by plain loops.
std::vector<double> roll_out(const SyntheticProblem& problem, std::size_t row) {
  const std::size_t d = problem.rows.shape.width;
  std::vector<double> state(problem.rows.inputs.begin() + static_cast<std::ptrdiff_t>(row * d),
                            problem.rows.inputs.begin() + static_cast<std::ptrdiff_t>((row + 1) * d));
  for (const Block& block : problem.truth.blocks) {
    std::vector<double> hidden = apply_layer(piece_at(problem.network, block.expand), state);
    for (double& z : hidden) z = activate(problem.network.activation, z);
    const std::vector<double> residual = apply_layer(piece_at(problem.network, block.compress), hidden);
    for (std::size_t i = 0; i < d; ++i) state[i] += residual[i];
  }
  return state;
}

double root_mean_square(const std::vector<double>& values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0) /
                   static_cast<double>(values.size()));
}

/// tr P / ||P||_F of P = W_out W_in.
double signed_dominance(const Piece& expand, const Piece& compress) {
  double trace = 0;
  double square = 0;
  for (std::size_t i = 0; i < compress.out; ++i) {
    for (std::size_t j = 0; j < expand.in; ++j) {
      double p = 0;
      for (std::size_t m = 0; m < compress.in; ++m) {
        p += double{compress.weight[i * compress.in + m]} * double{expand.weight[m * expand.in + j]};
      }
      if (i == j) trace += p;
      square += p * p;
    }
  }
  return trace / std::sqrt(square);
}

/// Frobenius norms of W_out in depth order.
std::vector<double> norms(const SyntheticProblem& problem) {
  std::vector<double> result;
  for (const Block& block : problem.truth.blocks) {
    const Piece& piece = piece_at(problem.network, block.compress);
    result.push_back(
        std::sqrt(std::inner_product(piece.weight.begin(), piece.weight.end(), piece.weight.begin(), 0.0)));
  }
  return result;
}

/// Rank correlation (Spearman) of `values` with their place.
double rank_correlation(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double difference = static_cast<double>(rank) - static_cast<double>(order[rank]);
    sum += difference * difference;
  }
  return 1 - 6 * sum / (n * (n * n - 1));
}

PlantedOptions small() {
  PlantedOptions options;
  options.blocks = 12;
  options.width = 16;
  options.hidden = {32};
  options.rows = 600;
  options.pair_signal = 1.5;
  options.seed = 7;
  return options;
}

TEST(Planted, PredictionsAreThoseOfTheTruthForEveryActivationAndShape) {
  for (const Activation activation : kActivations) {
    PlantedOptions options = small();
    options.activation = activation;
    options.hidden = {20, 32, 9};
    options.outputs = 3;
    options.biases = activation != Activation::silu;
    options.pair_signal = 0.5;
    const SyntheticProblem problem = plant_network(options);
    ASSERT_EQ(problem.network.activation, activation);
    for (const std::size_t row : {0U, 255U, 256U, 599U}) {
      const std::vector<double> expected =
          apply_layer(piece_at(problem.network, problem.truth.head), roll_out(problem, row));
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(problem.rows.predictions[row * 3 + k], expected[k], 2e-7 * (1 + std::abs(expected[k])));
      }
    }
    for (std::size_t t = 0; t < options.blocks; ++t) {
      EXPECT_EQ(piece_at(problem.network, problem.truth.blocks[t].expand).out, options.hidden[t % 3]);
      EXPECT_EQ(piece_at(problem.network, problem.truth.blocks[t].expand).bias.empty(), !options.biases);
    }
  }
}

TEST(Planted, IsShuffledAndNamesEveryPieceOnce) {
  const SyntheticProblem problem = plant_network(small());
  const std::vector<int> permutation = to_permutation(problem.truth);
  EXPECT_EQ(std::set<int>(permutation.begin(), permutation.end()).size(), 25U);
  EXPECT_FALSE(std::is_sorted(permutation.begin(), permutation.end()));
  for (std::size_t i = 0; i < problem.network.pieces.size(); ++i) {
    EXPECT_EQ(problem.network.pieces[i].index, static_cast<int>(i));
  }
  PlantedOptions other = small();
  other.seed = 8;
  EXPECT_NE(plant_network(other).truth, problem.truth);
}

TEST(Planted, SameOptionsGiveTheSameBits) {
  const SyntheticProblem a = plant_network(small());
  const SyntheticProblem b = plant_network(small());
  EXPECT_EQ(a.rows.inputs, b.rows.inputs);
  EXPECT_EQ(a.rows.predictions, b.rows.predictions);
  for (std::size_t i = 0; i < a.network.pieces.size(); ++i) {
    EXPECT_EQ(a.network.pieces[i].weight, b.network.pieces[i].weight);
    EXPECT_EQ(a.network.pieces[i].bias, b.network.pieces[i].bias);
  }
}

/// Keeps a problem's parts as bytes.
class ByteSink final : public PlantedSink {
 public:
  void block(std::size_t number, ResidualBlock block) override {
    EXPECT_EQ(number, blocks_++);
    add(block.expand);
    add(block.compress);
  }
  void head(Piece head, std::optional<Piece> norm) override {
    add(head);
    if (norm) add(*norm);
  }
  void rows(std::size_t first, std::span<const float> inputs, std::span<const float> predictions) override {
    EXPECT_EQ(first, rows_);
    rows_ += predictions.size();
    add(inputs);
    add(predictions);
  }
  std::string bytes;

 private:
  void add(std::span<const float> values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  void add(const Piece& piece) {
    add(piece.weight);
    add(piece.bias);
  }
  std::size_t blocks_ = 0;
  std::size_t rows_ = 0;
};

TEST(Planted, ThePartsHaveTheSameBitsOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  PlantedOptions options = small();
  options.rows = 1100;  // five tiles
  options.noise = 1e-3;
  const PlantedRecipe recipe(options);
  ByteSink together;
  const TruthError error = plant_network(world, recipe, together);
  if (!world.root()) {
    EXPECT_TRUE(together.bytes.empty());
    return;
  }
  ByteSink alone;
  const TruthError error_alone = plant_network(mpi::Comm::self(), recipe, alone);
  EXPECT_GT(alone.bytes.size(), 1100 * 17 * sizeof(float));
  EXPECT_TRUE(together.bytes == alone.bytes);
  EXPECT_EQ(error.mse, error_alone.mse);
  EXPECT_EQ(error.largest, error_alone.largest);
  EXPECT_NEAR(error.mse, 1e-6, 1e-7);
  EXPECT_GT(error.largest, 2e-3);
}

TEST(Planted, PairingSignalIsWhatWasAskedFor) {
  for (const double signal : {0.0, 1.0, 2.5}) {
    PlantedOptions options = small();
    options.blocks = 16;
    options.width = 48;
    options.hidden = {96};
    options.rows = 10;
    options.pair_signal = signal;
    const SyntheticProblem problem = plant_network(options);
    double sum = 0;
    double largest_wrong = 0;
    for (const Block& a : problem.truth.blocks) {
      for (const Block& b : problem.truth.blocks) {
        const double dominance =
            signed_dominance(piece_at(problem.network, a.expand), piece_at(problem.network, b.compress));
        if (a == b) {
          sum += dominance / 16;
          EXPECT_NEAR(dominance, -signal, 0.6);
        } else {
          largest_wrong = std::max(largest_wrong, std::abs(dominance));
        }
      }
    }
    EXPECT_NEAR(sum, -signal, 0.15);
    EXPECT_LT(largest_wrong, 0.75);
  }
}

TEST(Planted, DepthShowsInTheNormsAsAsked) {
  PlantedOptions options = small();
  options.blocks = 64;
  options.rows = 10;
  options.depth_jitter = 0.05;
  options.depth_range = 1;
  options.depth = DepthTrend::growing;
  EXPECT_GT(rank_correlation(norms(plant_network(options))), 0.95);
  options.depth = DepthTrend::shrinking;
  EXPECT_LT(rank_correlation(norms(plant_network(options))), -0.95);
  options.depth = DepthTrend::none;
  EXPECT_LT(std::abs(rank_correlation(norms(plant_network(options)))), 0.4);

  options.depth = DepthTrend::growing;
  options.depth_jitter = 0;
  const std::vector<double> exact = norms(plant_network(options));
  EXPECT_TRUE(std::is_sorted(exact.begin(), exact.end()));
  EXPECT_NEAR(std::log(exact.back() / exact.front()), 1, 1e-4);
  options.depth_jitter = 1;
  EXPECT_LT(rank_correlation(norms(plant_network(options))), 0.7);
}

TEST(Planted, ResidualScaleSetsTheSizeOfABlocksStep) {
  for (const double residual : {0.02, 0.2}) {
    PlantedOptions options = small();
    options.blocks = 1;
    options.depth_jitter = 0;
    options.residual = residual;
    const SyntheticProblem problem = plant_network(options);
    double ratio = 0;
    for (std::size_t row = 0; row < 100; ++row) {
      std::vector<double> step = roll_out(problem, row);
      const float* const input = &problem.rows.inputs[row * options.width];
      for (std::size_t i = 0; i < step.size(); ++i) step[i] -= double{input[i]};
      ratio += root_mean_square(step) / root_mean_square({input, input + options.width}) / 100;
    }
    EXPECT_NEAR(ratio / residual, 1, 0.2);
  }
}

TEST(Planted, StatesKeepTheirSizeThroughManyBlocks) {
  for (const std::size_t blocks : {48U, 256U, 1024U}) {
    for (const double signal : {0.0, 1.5}) {
      PlantedOptions options = small();
      options.blocks = blocks;
      options.rows = 64;
      options.pair_signal = signal;
      options.depth_range = 2;
      const SyntheticProblem problem = plant_network(options);
      double size = 0;
      std::vector<double> mean(options.width, 0.0);
      for (std::size_t row = 0; row < 64; ++row) {
        const std::vector<double> state = roll_out(problem, row);
        size += std::pow(root_mean_square(state), 2) / 64;
        for (std::size_t i = 0; i < state.size(); ++i) mean[i] += state[i] / 64;
      }
      EXPECT_GT(std::sqrt(size), 0.3) << blocks << " blocks, signal " << signal;
      EXPECT_LT(std::sqrt(size), 4) << blocks << " blocks, signal " << signal;
      // Rows must still differ: their common part is not all there is.
      EXPECT_LT(std::pow(root_mean_square(mean), 2) / size, 0.8) << blocks << " blocks, signal " << signal;
    }
  }
}

TEST(Planted, CopiesAreExact) {
  PlantedOptions options = small();
  options.copies = 4;
  options.hidden = {32, 16};
  const SyntheticProblem problem = plant_network(options);
  std::set<std::vector<float>> expands;
  std::set<std::vector<float>> compresses;
  for (const Block& block : problem.truth.blocks) {
    expands.insert(piece_at(problem.network, block.expand).weight);
    compresses.insert(piece_at(problem.network, block.compress).weight);
  }
  EXPECT_EQ(expands.size(), 8U);
  EXPECT_EQ(compresses.size(), 8U);
}

TEST(Planted, PredictionsHaveUnitSpreadAndTheNoiseAndRoundingAskedFor) {
  PlantedOptions options = small();
  options.rows = 4000;
  options.outputs = 2;
  const std::vector<float> exact = plant_network(options).rows.predictions;
  for (std::size_t k = 0; k < 2; ++k) {
    double sum = 0;
    double square = 0;
    for (std::size_t i = k; i < exact.size(); i += 2) {
      sum += double{exact[i]};
      square += double{exact[i]} * double{exact[i]};
    }
    EXPECT_GT(square / 4000 - std::pow(sum / 4000, 2), 0.2);
    EXPECT_LT(square / 4000 - std::pow(sum / 4000, 2), 2);
  }
  options.noise = 0.01;
  const std::vector<float> noisy = plant_network(options).rows.predictions;
  double square = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) square += std::pow(double{noisy[i]} - double{exact[i]}, 2) / 8000;
  EXPECT_NEAR(std::sqrt(square), 0.01, 0.0005);

  options.noise = 0;
  options.decimals = 2;
  const std::vector<float> rounded = plant_network(options).rows.predictions;
  EXPECT_NE(rounded, exact);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_NEAR(rounded[i], exact[i], 0.005001);
    EXPECT_NEAR(rounded[i] * 100, std::round(rounded[i] * 100), 1e-4);
  }
}

TEST(Planted, ImpossibleOptionsNameTheRuleAndTheValue) {
  const auto message = [](auto change) -> std::string {
    PlantedOptions options = small();
    change(options);
    try {
      (void)plant_network(options);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  };
  const auto expect = [&](auto change, const char* part) {
    EXPECT_NE(message(change).find(part), std::string::npos) << message(change);
  };
  expect([](PlantedOptions& o) { o.blocks = 0; }, "number of blocks must be at least 1");
  expect([](PlantedOptions& o) { o.copies = 12; }, "copies must be fewer than blocks (12), not 12");
  expect([](PlantedOptions& o) { o.hidden = {}; }, "hidden size");
  expect([](PlantedOptions& o) { o.hidden = {8, 0}; }, "a hidden size must be at least 1");
  expect([](PlantedOptions& o) { o.pair_signal = 9; }, "the pairing signal can be at most 2.828");
  expect([](PlantedOptions& o) { o.pair_signal = -1; }, "pairing signal must be at least 0, not -1");
  expect([](PlantedOptions& o) { o.noise = -1; }, "noise");
  expect([](PlantedOptions& o) { o.residual = 40; }, "with a residual scale of 40.0");
  EXPECT_THROW((void)parse_depth_trend("sideways"), UsageError);
  EXPECT_EQ(parse_depth_trend(to_string(DepthTrend::shrinking)), DepthTrend::shrinking);
}

TEST(Planted, HelperGivesAConsistentProblem) {
  const testing::PlantedProblem problem = testing::make_planted(6, 8, 50, 3);
  EXPECT_EQ(problem.network.pieces.size(), 13U);
  EXPECT_EQ(problem.rows->shape.rows, 50U);
  EXPECT_EQ(problem.truth.blocks.size(), 6U);
  EXPECT_EQ(piece_at(problem.network, problem.truth.head).out, 1U);
}

}  // namespace
}  // namespace kintsugi
