// The float64 reference against plain loops that know nothing of Eigen, slabs or shapes.
#include "cli/reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/error_floor.hpp"
#include "support/environment.hpp"

namespace kintsugi::cli {
namespace {

struct Sample {
  NetworkF64 network;
  RowsF64 rows;
  Assembly assembly;
};

PieceF64 random_piece(Random& random, int index, std::size_t out, std::size_t in, bool bias) {
  PieceF64 piece;
  piece.index = index;
  piece.out = out;
  piece.in = in;
  for (std::size_t i = 0; i < out * in; ++i) piece.weight.push_back(random.normal() * 0.3);
  for (std::size_t i = 0; bias && i < out; ++i) piece.bias.push_back(random.normal());
  return piece;
}

/// Three blocks of hidden sizes 5, 2 and 7, two outputs, and more rows than a slab holds.
Sample make_sample(Activation activation, bool bias) {
  Random random(42);
  Sample sample;
  sample.network.activation = activation;
  sample.rows.shape = {.rows = 301, .width = 4, .outputs = 2};
  for (std::size_t i = 0; i < 301 * 4; ++i) sample.rows.inputs.push_back(random.normal());
  for (std::size_t i = 0; i < 301 * 2; ++i) sample.rows.predictions.push_back(random.normal());
  int index = 0;
  for (const std::size_t hidden : {5U, 2U, 7U}) {
    sample.assembly.blocks.push_back({index, index + 1});
    sample.network.pieces.push_back(random_piece(random, index++, hidden, 4, bias));
    sample.network.pieces.push_back(random_piece(random, index++, 4, hidden, bias));
  }
  sample.assembly.head = index;
  sample.network.pieces.push_back(random_piece(random, index, 2, 4, bias));
  return sample;
}

std::vector<double> apply_piece(const PieceF64& piece, const std::vector<double>& x) {
  std::vector<double> y;
  for (std::size_t r = 0; r < piece.out; ++r) {
    double sum = piece.bias.empty() ? 0 : piece.bias[r];
    for (std::size_t c = 0; c < piece.in; ++c) sum += piece.weight[r * piece.in + c] * x[c];
    y.push_back(sum);
  }
  return y;
}

std::vector<double> predict(const Sample& sample, std::size_t row) {
  const auto at = sample.rows.inputs.begin() + static_cast<std::ptrdiff_t>(row * 4);
  std::vector<double> state(at, at + 4);
  const auto piece = [&](int position) { return sample.network.pieces[static_cast<std::size_t>(position)]; };
  for (const Block& block : sample.assembly.blocks) {
    std::vector<double> hidden = apply_piece(piece(block.expand), state);
    for (double& z : hidden) z = activate(sample.network.activation, z);
    const std::vector<double> residual = apply_piece(piece(block.compress), hidden);
    for (std::size_t i = 0; i < 4; ++i) state[i] += residual[i];
  }
  return apply_piece(piece(sample.assembly.head), state);
}

ReferenceResult by_plain_loops(const Sample& sample) {
  ReferenceResult result;
  double variance = 0;
  for (std::size_t o = 0; o < 2; ++o) {
    double mean = 0;
    for (std::size_t r = 0; r < 301; ++r) mean += sample.rows.predictions[r * 2 + o] / 301;
    for (std::size_t r = 0; r < 301; ++r) variance += std::pow(sample.rows.predictions[r * 2 + o] - mean, 2) / 602;
  }
  result.prediction_variance = variance;
  for (std::size_t r = 0; r < 301; ++r) {
    const std::vector<double> predicted = predict(sample, r);
    for (std::size_t o = 0; o < 2; ++o) {
      const double error = std::abs(predicted[o] - sample.rows.predictions[r * 2 + o]);
      result.mse += error * error / 602;
      if (error <= result.largest_error) continue;
      result.largest_error = error;
      result.largest_row = r;
    }
  }
  return result;
}

class ReferenceTest : public ::testing::TestWithParam<std::tuple<Activation, bool>> {};

TEST_P(ReferenceTest, AgreesWithPlainLoops) {
  const auto [activation, bias] = GetParam();
  const Sample sample = make_sample(activation, bias);
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  const ReferenceResult result =
      evaluate_reference(sample.network, sample.assembly, ProblemFile(folder.path() / "p.h5"));
  const ReferenceResult expected = by_plain_loops(sample);
  EXPECT_EQ(result.rows, 301U);
  EXPECT_NEAR(result.mse / expected.mse, 1, 1e-12);
  EXPECT_NEAR(result.largest_error / expected.largest_error, 1, 1e-12);
  EXPECT_EQ(result.largest_row, expected.largest_row);
  EXPECT_NEAR(result.prediction_variance / expected.prediction_variance, 1, 1e-12);
  EXPECT_GT(result.mse, 1e6 * result.rounding);  // random predictions are no rounding error
}

INSTANTIATE_TEST_SUITE_P(AllActivations, ReferenceTest,
                         ::testing::Combine(::testing::ValuesIn(kActivations), ::testing::Bool()));

/// All numbers in float32, and the network's own predictions.
Sample float32_sample(Activation activation) {
  Sample sample = make_sample(activation, true);
  for (PieceF64& piece : sample.network.pieces) {
    for (double& w : piece.weight) w = static_cast<float>(w);
    for (double& b : piece.bias) b = static_cast<float>(b);
  }
  for (double& x : sample.rows.inputs) x = static_cast<float>(x);
  for (std::size_t r = 0; r < 301; ++r) {
    const std::vector<double> predicted = predict(sample, r);
    for (std::size_t o = 0; o < 2; ++o) sample.rows.predictions[r * 2 + o] = static_cast<float>(predicted[o]);
  }
  return sample;
}

/// What `solve` works with, on this process alone.
struct OfSolve {
  explicit OfSolve(ProblemFile& problem)
      : weights(self, problem.network(),
                {.expand = {0, 2, 4}, .compress = {1, 3, 5}, .head = 6, .width = 4, .outputs = 2}),
        evaluator(self, weights, problem, {1, 1}, true),
        floor(evaluator, 0) {}

  mpi::Comm self = mpi::Comm::self();
  SharedWeights weights;
  Evaluator evaluator;
  ErrorFloor floor;
};

TEST(Reference, FewRowsAreJudgedByTheNumbersOfSolve) {
  Sample sample = float32_sample(Activation::silu);
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  ProblemFile problem(folder.path() / "p.h5");
  OfSolve solve(problem);
  std::swap(sample.assembly.blocks[1], sample.assembly.blocks[2]);
  const double excess = evaluate_reference(sample.network, sample.assembly, problem).excess;
  const Blocks& order = sample.assembly.blocks;
  EXPECT_NEAR(solve.floor.judge(solve.evaluator, order, solve.evaluator.check(order).outputs).excess / excess, 1, 1e-9);
}

TEST(Reference, Float32EvaluationCountsAsRounding) {
  Sample sample = float32_sample(Activation::gelu);
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  const ProblemFile problem(folder.path() / "p.h5");
  const ReferenceResult right = evaluate_reference(sample.network, sample.assembly, problem);
  EXPECT_GT(right.mse, 0);
  EXPECT_LT(right.mse, right.rounding);
  EXPECT_LE(right.excess, 1);
  std::swap(sample.assembly.blocks[0], sample.assembly.blocks[1]);
  const ReferenceResult wrong = evaluate_reference(sample.network, sample.assembly, problem);
  EXPECT_GT(wrong.mse, wrong.rounding);
  EXPECT_GT(wrong.excess, 1);
}

/// The numbers with so many significant bits of float16's.
void round_to_half(std::vector<double>& values) {
  constexpr int kFraction = 10;
  for (double& value : values) {
    if (value == 0) continue;
    const int shift = kFraction - std::ilogb(value);
    value = std::ldexp(std::nearbyint(std::ldexp(value, shift)), -shift);
  }
}

TEST(Reference, PrecisionOfThePiecesExplainsWhatItExplainsToSolve) {
  Sample sample = make_sample(Activation::relu, true);
  for (std::size_t r = 0; r < 301; ++r) {
    const std::vector<double> predicted = predict(sample, r);
    for (std::size_t o = 0; o < 2; ++o) sample.rows.predictions[r * 2 + o] = static_cast<float>(predicted[o]);
  }
  for (PieceF64& piece : sample.network.pieces) {
    round_to_half(piece.weight);
    round_to_half(piece.bias);
  }
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  ProblemFile problem(folder.path() / "p.h5");
  const ReferenceResult right = evaluate_reference(sample.network, sample.assembly, problem);
  EXPECT_GT(right.excess, 1);
  EXPECT_EQ(right.precision, WeightPrecision::float16);
  EXPECT_TRUE(right.by_precision());
  EXPECT_TRUE(right.reproduced());

  const OfSolve solve(problem);
  const double of_solve = solve.floor.precision_target(solve.evaluator, sample.assembly.blocks);
  EXPECT_NEAR(right.precise.plain_target / of_solve, 1, 1e-9);

  std::swap(sample.assembly.blocks[0], sample.assembly.blocks[1]);
  EXPECT_FALSE(evaluate_reference(sample.network, sample.assembly, problem).reproduced());
}

TEST(Reference, ALargeOutputDoesNotHideTheErrorsOfASmallOne) {
  Sample sample = make_sample(Activation::relu, true);
  PieceF64& head = sample.network.pieces.back();
  for (std::size_t i = 0; i < 4; ++i) head.weight[i] *= 4096;
  head.bias[0] *= 4096;
  for (PieceF64& piece : sample.network.pieces) {
    round_to_half(piece.weight);
    round_to_half(piece.bias);
  }
  Sample swapped = sample;
  std::swap(swapped.assembly.blocks[0], swapped.assembly.blocks[1]);
  for (std::size_t r = 0; r < 301; ++r) {
    sample.rows.predictions[2 * r] = static_cast<float>(predict(sample, r)[0] * (1 + 1e-5));
    sample.rows.predictions[2 * r + 1] = static_cast<float>(predict(swapped, r)[1]);
  }
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  ProblemFile problem(folder.path() / "p.h5");
  const ReferenceResult result = evaluate_reference(sample.network, sample.assembly, problem);
  EXPECT_LE(result.precise.plain, result.precise.plain_target);
  EXPECT_GT(result.precise.scaled, result.precise.scaled_target);
  EXPECT_FALSE(result.reproduced());

  OfSolve solve(problem);
  ASSERT_TRUE(solve.evaluator.rows().scales().any());
  const Blocks& order = sample.assembly.blocks;
  EXPECT_NEAR(result.precise.plain_target / solve.floor.precision_target(solve.evaluator, order, false), 1, 1e-9);
  EXPECT_NEAR(result.precise.scaled_target / solve.floor.precision_target(solve.evaluator, order, true), 1, 1e-9);
  EXPECT_NEAR(result.precise.scaled / solve.evaluator.check(order).scaled, 1, 1e-4);
}

TEST(Reference, AnExplodingStateIsReportedAndNotReproduced) {
  Sample sample = make_sample(Activation::relu, true);
  for (double& w : sample.network.pieces[1].weight) w *= 1e200;
  for (double& w : sample.network.pieces[3].weight) w *= 1e200;
  const testing::ScratchFolder folder;
  write_problem(folder.path() / "p.h5", sample.network, sample.rows, {});
  const ReferenceResult result =
      evaluate_reference(sample.network, sample.assembly, ProblemFile(folder.path() / "p.h5"));
  EXPECT_FALSE(result.mse <= result.rounding);
  EXPECT_TRUE(std::isinf(result.largest_error));
}

TEST(CheckAssembly, NamesTheEntriesThatDoNotFit) {
  const Sample sample = make_sample(Activation::relu, true);
  EXPECT_NO_THROW(check_assembly(sample.network, sample.assembly, sample.rows.shape, "a.txt"));
  Assembly crossed = sample.assembly;
  std::swap(crossed.blocks[1].compress, crossed.blocks[2].compress);
  try {
    check_assembly(sample.network, crossed, sample.rows.shape, "a.txt");
    FAIL() << "hidden sizes 2 and 7 passed for a block";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("a.txt: piece 2 [2 x 4] and piece 5 [4 x 7], entries 3 and 4"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace kintsugi::cli
