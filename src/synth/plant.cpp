#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "mpi/exact_sums.hpp"
#include "mpi/shared_stop.hpp"
#include "synth/forward_f64.hpp"
#include "synth/planted.hpp"
#include "synth/row_share.hpp"

namespace kintsugi {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Outside these the predictions would measure rounding, not the network.
constexpr double kSmallestState = 1e-3;
constexpr double kLargestState = 1e3;

constexpr auto kTile = static_cast<std::size_t>(kForwardTile);

/// The inputs of this rank's rows, a row in each column: what is row-major [N x d] is column-major [d x N].
MatrixXd initial_states(const PlantedRecipe& recipe, Share share) {
  const std::size_t d = recipe.options().width;
  MatrixXd states(static_cast<Index>(d), static_cast<Index>(share.count));
  std::vector<float> values;
  for (std::size_t first = 0; first < share.count && !stop_heard(); first += kTile) {
    const std::size_t count = std::min(kTile, share.count - first);
    values.resize(count * d);
    recipe.inputs(share.first + first, count, values);
    states.middleCols(static_cast<Index>(first), static_cast<Index>(count)) =
        Eigen::Map<const Eigen::MatrixXf>(values.data(), states.rows(), static_cast<Index>(count)).cast<double>();
  }
  return states;
}

void check_size(const mpi::Comm& comm, const PlantedOptions& options, const MatrixXd& states) {
  mpi::ExactSums sum(1);
  for (Index column = 0; column < states.cols(); ++column) sum.add(0, states.col(column).squaredNorm());
  sum.reduce(comm);
  const double size = std::sqrt(sum.value(0) / static_cast<double>(options.rows * options.width));
  if (size >= kSmallestState && size <= kLargestState) return;
  throw UsageError("planted network: with a residual scale of " + std::to_string(options.residual) + " the states of " +
                   std::to_string(options.blocks) + " blocks reach a size of " + std::to_string(size) +
                   ", which must stay within 0.001 and 1000");
}

/// Hands all rows to the sink, tile by tile.
TruthError deliver_rows(const PlantedRecipe& recipe, const MatrixXd& exact, PlantedSink& sink) {
  const PlantedOptions& o = recipe.options();
  TruthError error;
  std::vector<float> inputs;
  std::vector<float> predictions;
  for (std::size_t first = 0; first < o.rows; first += kTile) {
    throw_if_stopped();
    const std::size_t count = std::min(kTile, o.rows - first);
    inputs.resize(count * o.width);
    predictions.resize(count * o.outputs);
    recipe.inputs(first, count, inputs);
    const std::span tile(exact.data() + first * o.outputs, count * o.outputs);
    recipe.finish_predictions(first, tile, predictions);
    for (std::size_t i = 0; i < tile.size(); ++i) {
      const double difference = std::abs(tile[i] - static_cast<double>(predictions[i]));
      error.mse += difference * difference / static_cast<double>(exact.size());
      error.largest = std::max(error.largest, difference);
    }
    sink.rows(first, inputs, predictions);
  }
  return error;
}

class MemorySink final : public PlantedSink {
 public:
  explicit MemorySink(const PlantedOptions& options) : options_(options) {
    problem_.rows.shape = {options.rows, options.width, options.outputs};
    problem_.truth = shuffle_pieces(options.blocks, options.seed);
    parts_ = shuffle_parts(options.blocks, options.grammar.parts(options.blocks), options.seed);
  }
  void block(std::size_t, ResidualBlock block) override { blocks_.push_back(std::move(block)); }
  void head(Piece head, std::optional<Piece> norm) override {
    head_ = std::move(head);
    head_norm_ = std::move(norm);
  }
  void rows(std::size_t, std::span<const float> inputs, std::span<const float> predictions) override {
    Rows& rows = problem_.rows;
    rows.inputs.insert(rows.inputs.end(), inputs.begin(), inputs.end());
    rows.predictions.insert(rows.predictions.end(), predictions.begin(), predictions.end());
  }

  [[nodiscard]] SyntheticProblem take() {
    problem_.network = scatter_pieces(std::move(blocks_), std::move(head_), std::move(head_norm_),
                                      {problem_.truth, std::move(parts_)}, options_.activation, options_.grammar.form);
    return std::move(problem_);
  }

 private:
  PlantedOptions options_;
  SyntheticProblem problem_;
  std::vector<ResidualBlock> blocks_;
  std::vector<int> parts_;
  Piece head_;
  std::optional<Piece> head_norm_;
};

}  // namespace

TruthError plant_network(const mpi::Comm& comm, const PlantedRecipe& recipe, PlantedSink& sink) {
  const PlantedOptions& o = recipe.options();
  const Share share = row_share_of(comm, o.rows, kTile);
  MatrixXd states = initial_states(recipe, share);
  for (std::size_t t = 0; t < o.blocks; ++t) {
    ResidualBlock block = recipe.block(t);
    apply_block(block, o.activation, o.grammar.form, states);
    if (comm.root()) sink.block(t, std::move(block));
    mpi::stop_together(comm);
    sink.progress(t + 1);
  }
  check_size(comm, o, states);
  const std::optional<Piece> norm = recipe.head_norm();
  const MatrixXd raw = gather_columns(comm, apply_head(recipe.head(1), norm, o.grammar.form, states), share, o.rows);
  const double deviation =
      std::sqrt((raw.colwise() - raw.rowwise().mean()).squaredNorm() / static_cast<double>(raw.size()));
  Piece head = recipe.head(1 / deviation);
  const MatrixXd exact = gather_columns(comm, apply_head(head, norm, o.grammar.form, states), share, o.rows);
  TruthError error;
  comm.agree([&] {
    if (!comm.root()) return;
    sink.head(std::move(head), norm);
    error = deliver_rows(recipe, exact, sink);
  });
  return error;
}

SyntheticProblem plant_network(const PlantedOptions& options) {
  const PlantedRecipe recipe(options);
  MemorySink sink(recipe.options());
  plant_network(mpi::Comm::self(), recipe, sink);
  return sink.take();
}

}  // namespace kintsugi
