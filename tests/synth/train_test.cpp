#include "synth/train.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

Rows small_task() {
  TeacherOptions options;
  options.rows = 700;
  options.width = 12;
  options.outputs = 2;
  options.seed = 4;
  return make_teacher_task(options);
}

TrainOptions small_options() {
  TrainOptions options;
  options.blocks = 5;
  options.hidden = {24, 17};
  options.steps = 60;
  options.batch = 200;
  options.optimizer.learning_rate = 3e-3;
  options.optimizer.warm_up = 10;
  options.seed = 11;
  return options;
}

const TrainObserver kQuiet = [](std::int64_t, double) {};

/// Every float of a problem, in a fixed order, then its answer.
std::string bytes_of(const SyntheticProblem& problem) {
  std::string bytes;
  const auto append = [&](const std::vector<float>& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  };
  for (const Piece& piece : problem.network.pieces) {
    append(piece.weight);
    append(piece.bias);
  }
  append(problem.rows.inputs);
  append(problem.rows.predictions);
  append(problem.rows.targets);
  return bytes + format_permutation(to_permutation(problem.truth));
}

TEST(Train, TiedBlocksStayEqualAndLearn) {
  TrainOptions options = small_options();
  options.hidden = {24};
  options.copies = 2;
  options.grammar.form.norm = Norm::layer;
  const TrainedProblem trained = train_network(mpi::Comm::world(), small_task(), options, kQuiet);
  const std::vector<std::size_t> originals = draw_originals(options.blocks, options.copies, options.seed);
  EXPECT_EQ(std::set(originals.begin(), originals.end()).size(), 3U);
  const auto weights = [&](std::size_t block) {
    const Block at = trained.problem.truth.blocks[block];
    const std::vector<Piece>& pieces = trained.problem.network.pieces;
    return std::pair(pieces[static_cast<std::size_t>(at.expand)].weight,
                     pieces[static_cast<std::size_t>(at.compress)].weight);
  };
  for (std::size_t a = 0; a < originals.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) EXPECT_EQ(weights(a) == weights(b), originals[a] == originals[b]);
  }
  EXPECT_LT(trained.loss_after, 0.9 * trained.loss_before);
}

TEST(Train, TheResultHasTheSameBitsOnAnyNumberOfRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm alone = mpi::Comm::self();
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    TrainOptions options = small_options();
    options.optimizer.kind = kind;
    options.optimizer.weight_decay = 0.01;
    options.activation = kind == OptimizerKind::adam ? Activation::gelu : Activation::relu;
    std::vector<double> losses_together;
    std::vector<double> losses_alone;
    const TrainedProblem together = train_network(world, small_task(), options, [&](std::int64_t step, double loss) {
      EXPECT_EQ(step, static_cast<std::int64_t>(losses_together.size()) + 1);
      losses_together.push_back(loss);
    });
    const TrainedProblem single =
        train_network(alone, small_task(), options, [&](std::int64_t, double loss) { losses_alone.push_back(loss); });
    EXPECT_EQ(bytes_of(together.problem), bytes_of(single.problem)) << to_string(kind);
    EXPECT_EQ(losses_together, losses_alone);
    EXPECT_EQ(losses_together.size(), 60U);
    EXPECT_EQ(together.loss_before, single.loss_before);
    EXPECT_EQ(together.loss_after, single.loss_after);
  }
}

TEST(Train, TheLossFallsFarBelowTheSpreadOfTheTargets) {
  const mpi::Comm world = mpi::Comm::world();
  TrainOptions options = small_options();
  options.steps = 400;
  const TrainedProblem trained = train_network(world, small_task(), options, kQuiet);
  EXPECT_GT(trained.loss_before, 0.9);
  EXPECT_LT(trained.loss_after, 0.15);
}

TEST(Train, PredictionsAreThoseOfTheTruth) {
  const mpi::Comm world = mpi::Comm::world();
  const TrainedProblem trained = train_network(world, small_task(), small_options(), kQuiet);
  const SyntheticProblem& problem = trained.problem;
  const auto apply = [&](int position, const std::vector<double>& x) {
    const Piece& piece = problem.network.pieces[static_cast<std::size_t>(position)];
    std::vector<double> y(piece.bias.begin(), piece.bias.end());
    for (std::size_t o = 0; o < piece.out; ++o) {
      for (std::size_t i = 0; i < piece.in; ++i) y[o] += double{piece.weight[o * piece.in + i]} * x[i];
    }
    return y;
  };
  double loss = 0;
  for (std::size_t row = 0; row < problem.rows.shape.rows; ++row) {
    std::vector<double> state(&problem.rows.inputs[row * 12], &problem.rows.inputs[row * 12] + 12);
    for (const Block& block : problem.truth.blocks) {
      std::vector<double> hidden = apply(block.expand, state);
      for (double& z : hidden) z = std::max(z, 0.0);
      const std::vector<double> residual = apply(block.compress, hidden);
      for (std::size_t i = 0; i < 12; ++i) state[i] += residual[i];
    }
    const std::vector<double> expected = apply(problem.truth.head, state);
    for (std::size_t k = 0; k < 2; ++k) {
      ASSERT_NEAR(problem.rows.predictions[row * 2 + k], expected[k], 1e-6);
      loss += std::pow(expected[k] - double{problem.rows.targets[row * 2 + k]}, 2) / 1400;
    }
  }
  EXPECT_NEAR(trained.loss_after, loss, 1e-9);
}

TEST(Train, WithoutStepsTheNetworkIsUntrained) {
  const mpi::Comm world = mpi::Comm::world();
  TrainOptions options = small_options();
  options.steps = 0;
  const TrainedProblem trained = train_network(world, small_task(), options, kQuiet);
  EXPECT_EQ(trained.loss_before, trained.loss_after);
}

TEST(Train, ImpossibleOptionsAndDivergenceAreErrorsOnAllRanks) {
  const mpi::Comm world = mpi::Comm::world();
  const auto message = [&](auto change) -> std::string {
    TrainOptions options = small_options();
    change(options);
    try {
      (void)train_network(world, small_task(), options, kQuiet);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  };
  const auto expect = [&](auto change, const char* part) {
    EXPECT_NE(message(change).find(part), std::string::npos) << message(change);
  };
  expect([](TrainOptions& o) { o.batch = 701; }, "the batch must have between 1 and 700 rows (all of them), not 701");
  expect([](TrainOptions& o) { o.blocks = 0; }, "number of blocks must be at least 1, not 0");
  expect([](TrainOptions& o) { o.hidden = {3, 0}; }, "a hidden size must be at least 1, not 0");
  expect([](TrainOptions& o) { o.steps = -1; }, "steps must be at least 0, not -1");
  expect(
      [](TrainOptions& o) {
        o.optimizer.kind = OptimizerKind::sgd;
        o.optimizer.learning_rate = 50;
        o.optimizer.warm_up = 0;
      },
      "training diverged at step ");
}

TEST(TeacherTask, HasStandardTargetsAndIsAFunctionOfItsSeed) {
  const Rows task = small_task();
  EXPECT_EQ(task.inputs, small_task().inputs);
  EXPECT_EQ(task.targets, small_task().targets);
  EXPECT_TRUE(task.predictions.empty());
  for (std::size_t k = 0; k < 2; ++k) {
    double sum = 0;
    double square = 0;
    for (std::size_t row = 0; row < 700; ++row) {
      sum += double{task.targets[row * 2 + k]};
      square += std::pow(double{task.targets[row * 2 + k]}, 2);
    }
    EXPECT_NEAR(sum / 700, 0, 1e-6);
    EXPECT_NEAR(square / 700, 1, 1e-5);
  }
  TeacherOptions other;
  other.rows = 1;
  EXPECT_THROW((void)make_teacher_task(other), UsageError);
  other.rows = 10;
  other.noise = -1;
  EXPECT_THROW((void)make_teacher_task(other), UsageError);
}

}  // namespace
}  // namespace kintsugi
