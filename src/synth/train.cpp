#include "synth/train.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "kernels/flush_denormals.hpp"
#include "kintsugi/core/error.hpp"
#include "mpi/shared_stop.hpp"
#include "synth/forward_f64.hpp"
#include "synth/gradient_sums.hpp"
#include "synth/row_share.hpp"
#include "synth/streams.hpp"
#include "synth/trainable.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

void require(bool holds, const std::string& rule, std::size_t value) {
  if (!holds) throw UsageError("training: " + rule + ", not " + std::to_string(value));
}

void check(const Rows& task, const TrainOptions& o) {
  const RowShape& s = task.shape;
  if (task.inputs.size() != s.rows * s.width || task.targets.size() != s.rows * s.outputs) {
    throw InternalError("train: rows without targets, or whose sizes do not match their shape");
  }
  require(o.blocks >= 1, "the number of blocks must be at least 1", o.blocks);
  require(!o.hidden.empty(), "at least one hidden size must be given", 0);
  for (const std::size_t hidden : o.hidden) require(hidden >= 1, "a hidden size must be at least 1", hidden);
  require(o.batch >= 1 && o.batch <= s.rows,
          "the batch must have between 1 and " + std::to_string(s.rows) + " rows (all of them)", o.batch);
  if (!(o.grammar.share > 0 && o.grammar.share <= 1) ||
      (o.grammar.share < 1 && o.grammar.form.norm != Norm::none && !o.grammar.gain)) {
    throw UsageError(
        "training: the share of blocks with a part must be above 0 and at most 1, and 1 where norms have "
        "no gain, not " +
        std::to_string(o.grammar.share));
  }
  require(o.copies < o.blocks, "copies must be fewer than blocks (" + std::to_string(o.blocks) + ")", o.copies);
  if (o.copies > 0 && (o.hidden.size() > 1 || o.grammar.share < 1))
    throw UsageError("training: copies need blocks of one hidden size and with the same parts");
  if (o.steps < 0) throw UsageError("training: steps must be at least 0, not " + std::to_string(o.steps));
}

/// The rows of each step: all rows in a shuffled order, then again in another.
class Batches {
 public:
  Batches(std::size_t rows, std::uint64_t seed) : order_(rows), seed_(seed) {}

  /// The row that stands at `place` of the endless sequence. Places are asked for in ascending order.
  std::size_t row(std::uint64_t place) {
    const std::uint64_t round = place / order_.size();
    if (round + 1 != rounds_) {
      std::iota(order_.begin(), order_.end(), 0U);
      synth_random(seed_, SynthStream::batches, round).shuffle(std::span(order_));
      rounds_ = round + 1;
    }
    return order_[place % order_.size()];
  }

 private:
  std::vector<std::uint32_t> order_;
  std::uint64_t seed_;
  std::uint64_t rounds_ = 0;  // shuffled so far, counted from one; 0: none yet
};

NetworkShape shape_of(const Rows& task, const TrainOptions& options) {
  NetworkShape shape{task.shape.width, {}, task.shape.outputs, options.activation, options.biases, options.grammar};
  for (std::size_t t = 0; t < options.blocks; ++t) shape.hidden.push_back(options.hidden[t % options.hidden.size()]);
  shape.originals = draw_originals(options.blocks, options.copies, options.seed);
  return shape;
}

void run_steps(const mpi::Comm& comm, const Rows& task, const TrainOptions& options, TrainableNetwork& network,
               const TrainObserver& observer) {
  const std::size_t d = task.shape.width;
  const std::size_t k = task.shape.outputs;
  const std::size_t groups = (options.batch + TrainableNetwork::kGroupRows - 1) / TrainableNetwork::kGroupRows;
  GradientSums sums(network.parameters().size() + 1, groups);
  Optimizer optimizer(options.optimizer, network.parameters().size());
  kernels::TileBuffer gradient(network.parameters().size());
  const Share share = row_share_of(comm, options.batch, TrainableNetwork::kGroupRows);
  std::vector<float> inputs(share.count * d);
  std::vector<float> targets(share.count * k);
  const auto scale = 1 / static_cast<float>(options.batch * k);
  Batches batches(task.shape.rows, options.seed);
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const std::uint64_t start = static_cast<std::uint64_t>(step) * options.batch + share.first;
    for (std::size_t i = 0; i < share.count; ++i) {
      const std::size_t row = batches.row(start + i);
      std::copy_n(&task.inputs[row * d], d, &inputs[i * d]);
      std::copy_n(&task.targets[row * k], k, &targets[i * k]);
    }
    network.add_gradient(inputs, targets, scale, sums);
    sums.reduce(comm);
    if (sums.overflowed()) {
      throw UsageError("training diverged at step " + std::to_string(step + 1) + ": a gradient is beyond " +
                       std::to_string(sums.limit()) + "; a lower learning rate, a warm-up or smaller data may help");
    }
    const double loss = sums.value(sums.size() - 1);
    sums.take(gradient);
    network.unfold_gradient(gradient);
    network.tie_gradient(gradient);
    optimizer.step(network.parameters(), gradient);
    network.refresh();
    mpi::stop_together(comm);
    observer(step + 1, loss);
  }
}

/// The network's predictions on all rows [k x N], on every rank. Collective.
MatrixXd predict(const mpi::Comm& comm, const Rows& task, const TrainableNetwork& network) {
  const Share share = row_share_of(comm, task.shape.rows, static_cast<std::size_t>(kForwardTile));
  MatrixXd states =
      Eigen::Map<const Eigen::MatrixXf>(task.inputs.data() + share.first * task.shape.width,
                                        static_cast<Index>(task.shape.width), static_cast<Index>(share.count))
          .cast<double>();
  for (const ResidualBlock& block : network.blocks()) {
    apply_block(block, network.shape().activation, network.shape().grammar.form, states);
    mpi::stop_together(comm);
  }
  return gather_columns(comm, apply_head(network.head(), network.head_norm(), network.shape().grammar.form, states),
                        share, task.shape.rows);
}

double mean_squared_error(const MatrixXd& predictions, const Rows& task) {
  const Eigen::Map<const Eigen::MatrixXf> targets(task.targets.data(), predictions.rows(), predictions.cols());
  return (predictions - targets.cast<double>()).squaredNorm() / static_cast<double>(predictions.size());
}

}  // namespace

Rows make_teacher_task(const TeacherOptions& o) {
  if (o.rows < 2)
    throw UsageError("teacher task: the number of rows must be at least 2, not " + std::to_string(o.rows));
  if (o.width < 1) throw UsageError("teacher task: the width must be at least 1, not 0");
  if (o.outputs < 1) throw UsageError("teacher task: the number of outputs must be at least 1, not 0");
  if (!(o.noise >= 0)) throw UsageError("teacher task: the noise must be at least 0, not " + std::to_string(o.noise));
  Rows rows;
  rows.shape = {o.rows, o.width, o.outputs};
  const auto d = static_cast<Index>(o.width);
  const auto n = static_cast<Index>(o.rows);
  Random random = synth_random(o.seed, SynthStream::teacher);
  const auto gaussian = [&](Index r, Index c) { return MatrixXd::NullaryExpr(r, c, [&] { return random.normal(); }); };

  const MatrixXd first = gaussian(2 * d, d) * (1.5 / std::sqrt(static_cast<double>(d)));
  const MatrixXd second = gaussian(static_cast<Index>(o.outputs), 2 * d);
  const MatrixXd inputs = gaussian(d, n).cast<float>().cast<double>();
  MatrixXd targets = second * (first * inputs).array().tanh().matrix();
  const auto standardise = [&] {
    targets.colwise() -= targets.rowwise().mean().eval();
    const Eigen::VectorXd deviation = (targets.rowwise().squaredNorm() / static_cast<double>(n)).cwiseSqrt();
    targets = deviation.cwiseInverse().asDiagonal() * targets;
  };
  standardise();
  targets += o.noise * gaussian(targets.rows(), n);
  standardise();

  const Eigen::MatrixXf inputs_f = inputs.cast<float>();
  const Eigen::MatrixXf targets_f = targets.cast<float>();
  rows.inputs.assign(inputs_f.data(), inputs_f.data() + inputs_f.size());
  rows.targets.assign(targets_f.data(), targets_f.data() + targets_f.size());
  return rows;
}

TrainedProblem train_network(const mpi::Comm& comm, const Rows& task, const TrainOptions& options,
                             const TrainObserver& observer) {
  check(task, options);
  const kernels::FlushDenormals flush;
  TrainableNetwork network(shape_of(task, options));
  network.initialise(options.seed, options.initial_scale);
  TrainedProblem result;
  result.loss_before = mean_squared_error(predict(comm, task, network), task);
  run_steps(comm, task, options, network, observer);

  const MatrixXd predictions = predict(comm, task, network);
  result.loss_after = mean_squared_error(predictions, task);
  SyntheticProblem& problem = result.problem;
  problem.rows = task;
  const Eigen::MatrixXf rounded = predictions.cast<float>();
  problem.rows.predictions.assign(rounded.data(), rounded.data() + rounded.size());
  const MatrixXd lost = (rounded.cast<double>() - predictions).cwiseAbs();
  result.truth_error = {lost.squaredNorm() / static_cast<double>(lost.size()), lost.maxCoeff()};
  problem.truth = shuffle_pieces(options.blocks, options.seed);
  problem.network = scatter_pieces(
      network.blocks(), network.head(), network.head_norm(),
      {problem.truth, shuffle_parts(options.blocks, options.grammar.parts(options.blocks), options.seed)},
      options.activation, options.grammar.form);
  return result;
}

}  // namespace kintsugi
