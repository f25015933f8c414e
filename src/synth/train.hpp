#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "synth/optimizer.hpp"
#include "synth/problem.hpp"

namespace kintsugi {

/// A regression task made up: standard normal inputs, and targets from a random network of another kind.
struct TeacherOptions {
  std::size_t rows = 10000;  ///< N
  std::size_t width = 48;    ///< d
  std::size_t outputs = 1;   ///< k
  double noise = 0.1;        ///< standard deviation of what no network can learn, relative to the targets'
  std::uint64_t seed = 1;
};

/// Inputs [N x d] and targets [N x k] of zero mean and unit variance; `predictions` is empty. The targets are those of
/// one hidden layer of 2d tanh units, plus noise. Not collective; a pure function of `options`. Throws UsageError that
/// names the rule and the value.
[[nodiscard]] Rows make_teacher_task(const TeacherOptions& options);

/// How a network is trained.
struct TrainOptions {
  std::size_t blocks = 48;                 ///< L
  std::vector<std::size_t> hidden = {96};  ///< in depth order, repeated from the start where too short
  Activation activation = Activation::relu;
  GrammarOptions grammar = {};
  bool biases = true;
  std::size_t copies = 0;    ///< blocks tied to another one (draw_originals()): the same weights in all steps
  double initial_scale = 1;  ///< of W_out and b_out at first, relative to PyTorch's; deep networks explode without
  OptimizerOptions optimizer;
  std::int64_t steps = 5000;  ///< 0: the network stays as it was at first
  std::size_t batch = 256;    ///< rows per step; at most N
  std::uint64_t seed = 1;     ///< of the first weights, the batches and the shuffle
};

/// Called on every rank after each step, with the mean squared error of that step's batch before the step. What it
/// throws on all ranks alike ends the training.
using TrainObserver = std::function<void(std::int64_t step, double loss)>;

/// A trained network, shuffled; `problem.rows` has the inputs and targets of the task and the network's predictions.
struct TrainedProblem {
  SyntheticProblem problem;
  double loss_before = 0;  ///< mean squared error against the targets of all rows
  double loss_after = 0;
  TruthError truth_error;
};

/// Trains a residual network on the mean squared error by data-parallel gradient steps: each rank works whole groups of
/// a batch's rows, the gradients are added exactly, and every rank makes the same step. Batches run through all rows in
/// an order shuffled anew each time round. Predictions are those of the float32 weights, evaluated in float64, then
/// rounded.
///
/// Collective; `task` and `options` are the same on all ranks, and so is the result, to the last bit for any number of
/// ranks. Throws on all ranks alike: UsageError that names the option, the rule and the value, or that says at which
/// step training diverged.
[[nodiscard]] TrainedProblem train_network(const mpi::Comm& comm, const Rows& task, const TrainOptions& options,
                                           const TrainObserver& observer);

}  // namespace kintsugi
