#include "solve/activation_choice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/roles.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/evaluator.hpp"
#include "solve/preparation.hpp"
#include "solve/quiet_observer.hpp"
#include "solve/role_choice.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

/// Slopes of leaky_relu that the fit begins with, and how far they are apart.
constexpr std::array kSlopes{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
constexpr double kSlopeStep = 0.1;
constexpr double kLeastSlope = 0.002;  // below that, it is relu
constexpr int kSections = 18;
constexpr double kAsGood = 1.001;
/// Searches that settle open roles in the first search with an activation: with the right one two are enough on most
/// networks, and with a wrong one all are in vain.
constexpr std::int64_t kRoleTrials = 2;

/// The first rows of a source.
class FirstRows final : public RowSource {
 public:
  FirstRows(RowSource& rows, std::size_t most) : rows_(rows), most_(most) {}
  [[nodiscard]] RowShape shape() const override {
    RowShape shape = rows_.shape();
    shape.rows = std::min(shape.rows, most_);
    return shape;
  }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    rows_.read(first, count, inputs, predictions);
  }

 private:
  RowSource& rows_;
  std::size_t most_;
};

/// One after the other, until one solves the first rows.
class Race {
 public:
  Race(const mpi::Comm& world, const Network& network, RowSource& rows, SolveOptions options, SolveObserver& observer)
      : world_(world),
        network_(network),
        rows_(rows),
        options_(std::move(options)),
        observer_(observer),
        parameters_(options_.parameters.activation_choice),
        seconds_(options_.time_limit > 0 ? parameters_.share_of_time * options_.time_limit : parameters_.seconds) {
    options_.islands = 1;
    options_.candidate_groups = options_.row_groups = 0;
  }

  ActivationChoice run() {
    roles_open_ = are_roles_open(world_, network_, rows_.shape(), options_);
    judge_starts();
    double near = parameters_.near;
    std::int64_t first_trials = kRoleTrials;
    if (roles_open_) {
      // Starts with guessed roles tell nothing of activations: all are searched with, the commonest first.
      near = std::numeric_limits<double>::infinity();
      std::ranges::stable_sort(choice_.trials, {}, &ActivationTrial::activation);
    }
    for (const std::int64_t evaluations : {parameters_.evaluations, parameters_.more_evaluations}) {
      if (choice_.certain || (count_near(near) < 2 && !is_fitted(choice_.trials.front()))) break;
      std::int64_t& trials = options_.parameters.role_choice.trials;
      const std::int64_t all_trials = std::exchange(trials, std::min(trials, first_trials));
      search(count_near(near), evaluations);
      trials = all_trials;
      first_trials = std::numeric_limits<std::int64_t>::max();
      near = parameters_.near_after_search;
    }
    decide();
    return std::move(choice_);
  }

 private:
  void judge_starts() {
    SolveOptions options = options_;
    guess_roles_in(world_, network_, rows_.shape(), options);
    const Preparation preparation = prepare(world_, network_, rows_.shape(), options, observer_);
    SharedWeights weights(world_, network_, preparation.roles);
    double least = std::numeric_limits<double>::infinity();
    StartOrder leaky;
    for (const Activation activation : kActivations) {
      // Two are compared in any case.
      if (choice_.trials.size() > 1 && is_over()) break;
      StartOrder best = rank_starts(with(weights, activation), preparation, options_).front();
      choice_.trials.push_back({activation, best.mse, 0});
      least = std::min(least, best.mse);
      if (activation == Activation::leaky_relu) leaky = std::move(best);
    }
    const auto trial =
        std::ranges::find(choice_.trials, Activation(Activation::leaky_relu), &ActivationTrial::activation);
    // A slope that is fitted with guessed roles makes up for wrong ones.
    if (trial != choice_.trials.end() && !roles_open_)
      fit_slope(weights, blocks_in_order(preparation.pairing, leaky.order), *trial, parameters_.clearly * least);
    std::ranges::stable_sort(choice_.trials, {}, &ActivationTrial::mse);
  }

  /// An evaluator of the first rows.
  Evaluator& with(SharedWeights& weights, Activation activation) {
    weights.set_activation(activation);
    const std::size_t tiles = RowTiles::count(rows_.shape().rows);
    return evaluator_.emplace(world_, weights, rows_, choose_grid(world_.size(), 0, 0, tiles), true);
  }

  /// Gives a trial of leaky_relu the slope that leaves the least error at this order, where that is below `bound`; a
  /// slope of few digits where that leaves no more.
  void fit_slope(SharedWeights& weights, const Blocks& blocks, ActivationTrial& trial, double bound) {
    const auto error_at = [&](double slope) {
      Evaluator& evaluator = with(weights, {Activation::leaky_relu, slope});
      return evaluator.error(blocks, evaluator.rows().tiles());
    };
    if (is_over()) return;
    double slope = kSlopes.front();
    double least = error_at(slope);
    for (const double other : kSlopes) {
      const double error = error_at(other);
      if (!(error < least)) continue;
      slope = other;
      least = error;
    }
    // Golden sections; errors are smooth in the slope, nearly a parabola.
    const double golden = (std::sqrt(5.0) - 1) / 2;
    double low = std::max(kSlopes.front(), slope - kSlopeStep);
    double high = std::min(kSlopes.back(), slope + kSlopeStep);
    for (int i = 0; i < kSections; ++i) {
      const double first = high - golden * (high - low);
      const double second = low + golden * (high - low);
      if (error_at(first) < error_at(second)) {
        high = second;
      } else {
        low = first;
      }
    }
    slope = (low + high) / 2;
    least = error_at(slope);
    for (const double digits : {10.0, 100.0, 1000.0, 10000.0}) {
      const double rounded = std::round(slope * digits) / digits;
      const double error = error_at(rounded);
      if (!(error <= kAsGood * least)) continue;
      slope = rounded;
      least = error;
      break;
    }
    if (!(least < bound) || slope < kLeastSlope) return;
    trial.activation = {Activation::leaky_relu, slope};
    trial.mse = least;
  }

  /// After a search with a slope that was fitted at another order.
  void fit_slope_again(const Solution& solution, ActivationTrial& trial) {
    SharedWeights weights(world_, network_, roles_of(solution.assembly, rows_.shape()));
    fit_slope(weights, solution.assembly.blocks, trial, solution.mse);
  }

  /// Its slope was fitted at an order that need not be the right one.
  static bool is_fitted(const ActivationTrial& trial) {
    return trial.activation == Activation::leaky_relu && trial.activation.slope() != kLeakyReluSlope;
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
    for (std::size_t i = 0; i < count && !choice_.certain && !is_over(); ++i) {
      ActivationTrial& trial = choice_.trials[i];
      options_.time_limit = half_of_the_time_left();
      network_.activation = trial.activation;
      const Solution solution = solve(world_, network_, rows_, options_, observer_);
      if (solution.status == Status::interrupted) return;
      if (std::isnan(solution.mse)) break;  // stopped before it had an order
      keep_order(solution);
      trial.mse = solution.mse;
      trial.searched = evaluations;
      choice_.certain = is_right(solution);
      if (!choice_.certain && trial.activation == Activation::leaky_relu) search_with_slope(solution, trial);
      if (choice_.certain) std::swap(trial, choice_.trials.front());
    }
    const auto first = choice_.trials.begin() + (choice_.certain ? 1 : 0);
    std::stable_sort(first, choice_.trials.end(), [](const ActivationTrial& a, const ActivationTrial& b) {
      return a.searched != b.searched ? a.searched > b.searched : a.mse < b.mse;
    });
  }

  static bool is_right(const Solution& solution) {
    return solution.status == Status::solved || solution.status == Status::precision;
  }

  /// Slope and order by turns: the right order gives the slope, and a better slope a better order.
  void search_with_slope(Solution solution, ActivationTrial& trial) {
    for (int turn = 0; turn < parameters_.turns && !choice_.certain && !is_over(); ++turn) {
      const Activation before = trial.activation;
      fit_slope_again(solution, trial);
      if (trial.activation == before) return;
      options_.time_limit = half_of_the_time_left();
      network_.activation = trial.activation;
      solution = solve(world_, network_, rows_, options_, observer_);
      if (solution.status == Status::interrupted) return;
      if (std::isnan(solution.mse)) return;
      keep_order(solution);
      trial.mse = solution.mse;
      choice_.certain = is_right(solution);
    }
  }

  /// The next search begins at the best order so far, whatever activation found it: a right order tells activations
  /// apart, and a nearly right one is found with a nearly right activation.
  void keep_order(const Solution& solution) {
    // Where roles are open, each search finds its own, and another one's order need not fit them.
    if (roles_open_ || !(solution.mse < least_)) return;
    least_ = solution.mse;
    options_.start = "given";
    options_.given_permutation = solution.permutation;
  }

  /// Whether the time is used up, by rank 0's clock. Collective.
  [[nodiscard]] bool is_over() const {
    std::vector<int> over{since_start_.seconds() > seconds_ ? 1 : 0};
    world_.broadcast(over);
    return over[0] != 0;
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
    const std::size_t near = count_near(parameters_.near);
    const bool all = choice_.trials.size() == kActivations.size();
    const bool by_starts = all && !roles_open_ && choice_.trials.front().searched == 0 && near < 2;
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
  std::optional<Evaluator> evaluator_;
  double least_ = std::numeric_limits<double>::infinity();
  ActivationChoiceParameters parameters_;
  bool roles_open_ = false;
  double seconds_;
  Stopwatch since_start_;
  ActivationChoice choice_;
};

}  // namespace

ActivationChoice choose_activation(const mpi::Comm& world, const Network& network, RowSource& rows,
                                   const SolveOptions& options, SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  FirstRows first(rows, static_cast<std::size_t>(options.parameters.activation_choice.rows));
  QuietObserver quiet(observer);
  return Race(world, network, first, options, quiet).run();
}

}  // namespace kintsugi
