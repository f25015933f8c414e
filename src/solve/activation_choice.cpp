#include "solve/activation_choice.hpp"

#include <algorithm>

#include "kernels/flush_denormals.hpp"
#include "objective/evaluator.hpp"
#include "solve/preparation.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

/// Rows of a trial: the first ones are enough to tell activations apart.
constexpr std::size_t kRows = 1024;
/// A start this many times worse than the best one is that of a wrong activation.
constexpr double kNear = 4;
constexpr std::int64_t kShortSearch = 300;  // evaluations
constexpr double kShortTime = 20;           // seconds, where nobody set a limit
constexpr double kShareOfTime = 0.1;        // of the limit that somebody set

/// The first rows of a source.
class FirstRows final : public RowSource {
 public:
  explicit FirstRows(RowSource& rows) : rows_(rows) {}
  [[nodiscard]] RowShape shape() const override {
    RowShape shape = rows_.shape();
    shape.rows = std::min(shape.rows, kRows);
    return shape;
  }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    rows_.read(first, count, inputs, predictions);
  }

 private:
  RowSource& rows_;
};

/// Says nothing; passes on that the user wants to stop.
class Quiet final : public SolveObserver {
 public:
  explicit Quiet(SolveObserver& other) : other_(other) {}
  bool stop_requested() override { return other_.stop_requested(); }

 private:
  SolveObserver& other_;
};

SolveOptions short_options(const SolveOptions& options) {
  SolveOptions trial = options;
  trial.islands = 1;
  trial.candidate_groups = trial.row_groups = 0;
  trial.max_evaluations = kShortSearch;
  trial.time_limit = options.time_limit > 0 ? kShareOfTime * options.time_limit : kShortTime;
  return trial;
}

}  // namespace

std::vector<ActivationTrial> try_activations(const mpi::Comm& world, const Network& network, RowSource& rows,
                                             const SolveOptions& options, SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  Network trial = network;
  FirstRows first(rows);
  Quiet quiet(observer);
  const SolveOptions brief = short_options(options);
  const Preparation preparation = prepare(world, trial, first.shape(), brief, quiet);
  std::vector<ActivationTrial> trials;
  trials.reserve(kActivations.size());
  for (const Activation activation : kActivations) {
    trial.activation = activation;
    const SharedWeights weights(world, trial, preparation.roles);
    const std::size_t tiles = (first.shape().rows + kernels::kTileRows - 1) / kernels::kTileRows;
    Evaluator evaluator(world, weights, first, choose_grid(world.size(), 0, 0, tiles));
    trials.push_back({activation, rank_starts(evaluator, preparation, brief).front().mse, false});
  }
  std::ranges::stable_sort(trials, {}, &ActivationTrial::mse);
  const double near = kNear * trials.front().mse;
  if (trials.size() < 2 || !(trials[1].mse <= near)) return trials;
  for (ActivationTrial& each : trials) {
    if (!(each.mse <= near)) break;
    trial.activation = each.activation;
    each.mse = solve(world, trial, first, brief, quiet).mse;
    each.searched = true;
  }
  std::ranges::stable_sort(trials, [](const ActivationTrial& a, const ActivationTrial& b) {
    return a.searched != b.searched ? a.searched : a.mse < b.mse;
  });
  return trials;
}

}  // namespace kintsugi
