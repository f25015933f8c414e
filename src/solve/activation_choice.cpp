#include "solve/activation_choice.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/evaluator.hpp"
#include "solve/preparation.hpp"
#include "solve/quiet_observer.hpp"
#include "solve/role_choice.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

/// Rows of a trial: the first ones are enough to tell activations apart.
constexpr std::size_t kRows = 1024;
/// A start this many times worse than the best one is that of a wrong activation. After searches errors scatter more:
/// the right one may be behind until it suddenly solves.
constexpr double kNear = 4;
constexpr double kNearAfterSearch = 30;
constexpr std::array<std::int64_t, 2> kEvaluations{300, 1200};
constexpr double kSeconds = 60;       // of all searches, where nobody set a limit
constexpr double kShareOfTime = 0.2;  // of the limit that somebody set

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

/// One after the other, until one solves the first rows.
class Race {
 public:
  Race(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& options,
       SolveObserver& observer)
      : world_(world), network_(network), rows_(rows), options_(options), observer_(observer) {
    options_.islands = 1;
    options_.candidate_groups = options_.row_groups = 0;
    seconds_ = options.time_limit > 0 ? kShareOfTime * options.time_limit : kSeconds;
  }

  ActivationChoice run() {
    judge_starts();
    double near = kNear;
    for (const std::int64_t evaluations : kEvaluations) {
      if (choice_.certain || count_near(near) < 2) break;
      search(count_near(near), evaluations);
      near = kNearAfterSearch;
    }
    decide();
    return std::move(choice_);
  }

 private:
  void judge_starts() {
    SolveOptions options = options_;
    guess_roles_in(world_, network_, rows_.shape(), options);
    const Preparation preparation = prepare(world_, network_, rows_.shape(), options, observer_);
    for (const Activation activation : kActivations) {
      network_.activation = activation;
      const SharedWeights weights(world_, network_, preparation.roles);
      const std::size_t tiles = (rows_.shape().rows + kernels::kTileRows - 1) / kernels::kTileRows;
      Evaluator evaluator(world_, weights, rows_, choose_grid(world_.size(), 0, 0, tiles));
      choice_.trials.push_back({activation, rank_starts(evaluator, preparation, options_).front().mse, 0});
    }
    std::ranges::stable_sort(choice_.trials, {}, &ActivationTrial::mse);
  }

  /// Trials whose error is at most so many times the best one's; those that were searched less do not count.
  [[nodiscard]] std::size_t count_near(double factor) const {
    const ActivationTrial& best = choice_.trials.front();
    std::size_t count = 0;
    while (count < choice_.trials.size() && choice_.trials[count].searched == best.searched &&
           !(choice_.trials[count].mse > factor * best.mse)) {
      ++count;
    }
    return count;
  }

  /// Searches with the first `count` activations.
  void search(std::size_t count, std::int64_t evaluations) {
    options_.max_evaluations = evaluations;
    for (std::size_t i = 0; i < count && !choice_.certain; ++i) {
      ActivationTrial& trial = choice_.trials[i];
      options_.time_limit = half_of_the_time_left();
      network_.activation = trial.activation;
      const Solution solution = solve(world_, network_, rows_, options_, observer_);
      if (solution.status == Status::interrupted) return;
      keep_order(solution);
      trial.mse = solution.mse;
      trial.searched = evaluations;
      choice_.certain = solution.status == Status::solved || solution.status == Status::precision;
      if (choice_.certain) std::swap(trial, choice_.trials.front());
    }
    const auto first = choice_.trials.begin() + (choice_.certain ? 1 : 0);
    std::stable_sort(first, choice_.trials.end(), [](const ActivationTrial& a, const ActivationTrial& b) {
      return a.searched != b.searched ? a.searched > b.searched : a.mse < b.mse;
    });
  }

  /// The next search begins at the best order so far, whatever activation found it: a right order tells activations
  /// apart, and a nearly right one is found with a nearly right activation.
  void keep_order(const Solution& solution) {
    if (!(solution.mse < least_)) return;
    least_ = solution.mse;
    options_.start = "given";
    options_.given_permutation = solution.permutation;
  }

  /// By rank 0's clock; never 0, which would be no limit.
  [[nodiscard]] double half_of_the_time_left() const {
    constexpr double kLeast = 0.01;
    double left = std::max((seconds_ - since_start_.seconds()) / 2, kLeast);
    world_.broadcast(std::span(&left, 1));
    return left;
  }

  /// Where the errors do not tell, the commonest of those that are near: kActivations begins with it.
  void decide() {
    const std::size_t near = count_near(kNear);
    const bool by_starts = choice_.trials.front().searched == 0 && near < 2;
    choice_.certain = choice_.certain || by_starts;
    if (choice_.certain) return;
    const auto common = std::min_element(
        choice_.trials.begin(), choice_.trials.begin() + static_cast<std::ptrdiff_t>(near),
        [](const ActivationTrial& a, const ActivationTrial& b) { return a.activation < b.activation; });
    std::rotate(choice_.trials.begin(), common, common + 1);
  }

  const mpi::Comm& world_;
  Network network_;
  RowSource& rows_;
  SolveOptions options_;
  SolveObserver& observer_;
  double least_ = std::numeric_limits<double>::infinity();
  double seconds_;
  Stopwatch since_start_;
  ActivationChoice choice_;
};

}  // namespace

ActivationChoice choose_activation(const mpi::Comm& world, const Network& network, RowSource& rows,
                                   const SolveOptions& options, SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  FirstRows first(rows);
  QuietObserver quiet(observer);
  return Race(world, network, first, options, quiet).run();
}

}  // namespace kintsugi
