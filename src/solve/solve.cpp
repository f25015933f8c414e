#include "kintsugi/solve.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "core/stop.hpp"
#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "mpi/shared_stop.hpp"
#include "objective/error_floor.hpp"
#include "objective/evaluator.hpp"
#include "search/islands/archipelago.hpp"
#include "solve/by_weights.hpp"
#include "solve/common_level.hpp"
#include "solve/preparation.hpp"
#include "solve/role_choice.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

/// A stop that comes in a solve's first moments is not heard before they are over: mostly there is an order by then.
constexpr double kSecondsForAnOrder = 0.5;

// Seconds since the watch was made or this was last asked.
double lap(Stopwatch& watch) {
  const double seconds = watch.seconds();
  watch.restart();
  return seconds;
}

std::size_t first_tiles(const Evaluator& evaluator, const SolveOptions& options) {
  const std::int64_t rows =
      options.sample_rows > 0 ? options.sample_rows : options.parameters.preparation.first_sample_rows;
  return evaluator.rows().tiles_for(static_cast<std::size_t>(rows));
}

/// Whether rank 0 has a state to go on from; known on all ranks.
bool is_resumed(const mpi::Comm& world, const SearchState* resume) {
  std::int64_t resumed = world.root() && resume != nullptr ? 1 : 0;
  world.max(std::span(&resumed, 1));
  return resumed != 0;
}

/// What rank 0 alone knows of the answer, and the answer in the user's numbers.
void describe(const Network& network, const Preparation& preparation, Solution& solution) {
  solution.pairs = scores_in_order(preparation.pairs, solution.assembly.blocks);
  solution.line = in_direction_of(preparation.line, solution.assembly.blocks);
  solution.permutation.clear();
  for (const int position : to_permutation(solution.assembly)) {
    solution.permutation.push_back(network.index_of(position));
  }
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
}

/// The same on rank 0, and the answer on all ranks.
void complete(const mpi::Comm& world, const Network& network, const Preparation& preparation, Solution& solution) {
  if (world.root()) describe(network, preparation, solution);
  world.broadcast(solution.permutation);
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
}

/// Passes on what the search says, orders as whole solutions.
class Passing final : public SearchObserver {
 public:
  Passing(SolveObserver& to, const Network& network, const Preparation& preparation, int head, const Solution& solution)
      : to_(to), network_(network), preparation_(preparation), head_(head), solution_(solution) {}

  void on_step(const TrajectoryEntry& entry) override { to_.on_step(entry); }
  void on_exchange(const ExchangeReport& report) override { to_.on_exchange(report); }
  bool stop_requested() override { return to_.stop_requested(); }
  bool checkpoint_due() override { return to_.checkpoint_due(); }
  void on_checkpoint(const SearchState& state) override { to_.on_checkpoint(state); }
  bool order_due() override { return to_.order_due(); }
  void on_order(const OrderSoFar& order) override {
    Solution now = solution_;
    now.status = order.status;
    now.assembly = {order.blocks, head_};
    now.mse = order.mse;
    now.rows = order.rows;
    now.largest_error = std::numeric_limits<double>::quiet_NaN();
    describe(network_, preparation_, now);
    to_.on_solution_so_far(now);
  }

 private:
  SolveObserver& to_;
  const Network& network_;
  const Preparation& preparation_;
  int head_;
  const Solution& solution_;
};

/// Steps 2 to 4: everything that needs the rows. Throws Stopped on all ranks where it is stopped before the search.
void search(const mpi::Comm& world, const Network& network, RowSource& rows, const Preparation& preparation,
            const SolveOptions& options, SolveObserver& observer, const SearchState* resume, Solution& solution) {
  Stopwatch phase;
  // 2. Weights into shared memory, rows to their ranks, ranks to their islands.
  const SharedWeights weights(world, network, preparation.roles);
  if (world.root() && weights.copied_bytes() > 0) observer.on_copied_weights(weights.copied_bytes());
  IslandGroup group(world, weights, rows, options);
  solution.times.load = lap(phase);

  // 3. Starts.
  Evaluator& evaluator = group.evaluator();
  group.together([&] { solution.starts = rank_starts(evaluator, preparation, options); });
  if (world.root()) observer.on_starts(solution.starts);
  solution.times.seeding = lap(phase);

  // 4. Search, from the starts or from where an earlier run has left it.
  solution.rows = rows.shape().rows;
  std::optional<ErrorFloor> floor;
  group.together([&] { floor.emplace(evaluator, options.tolerance, options.parameters.error_floor); });
  solution.target = floor->target(solution.rows);
  solution.scaling = describe(evaluator.rows().scales());
  Archipelago islands(group, *floor, search_clues(preparation, options, solution.starts), options);
  if (is_resumed(world, resume)) {
    islands.resume(resume);
  } else {
    group.together([&] {
      islands.begin(island_starts(evaluator, preparation, options, solution.starts), first_tiles(evaluator, options));
    });
  }
  Passing passing(observer, network, preparation, weights.roles().head, solution);
  const Blocks blocks = islands.search(passing, solution);
  solution.assembly = {blocks, weights.roles().head};
}

/// The order that costs nothing: W_out grows with depth in many networks.
Blocks blocks_by_norm(const Preparation& preparation) {
  std::vector<int> order(preparation.pairing.size());
  std::iota(order.begin(), order.end(), 0);
  const auto norm = [&](int block) { return preparation.norms.frobenius[static_cast<std::size_t>(block)]; };
  std::ranges::stable_sort(order, {}, norm);
  return blocks_in_order(preparation.pairing, order);
}

/// The answer of a solve that is stopped before its search: the best start, or the order that costs nothing.
void take_first_order(const mpi::Comm& world, const Preparation& preparation, StopReason reason, Solution& solution) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const Blocks blocks = !preparation.given.empty() ? preparation.given
                        : solution.starts.empty()  ? blocks_by_norm(preparation)
                                                  : blocks_in_order(preparation.pairing, solution.starts.front().order);
  solution.assembly = {blocks, head_of(world, preparation)};
  solution.status = reason == StopReason::time ? Status::time_limit : Status::interrupted;
  solution.mse = solution.largest_error = solution.target = kUnknown;
  solution.rows = 0;
}

}  // namespace

Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& given,
               SolveObserver& observer, const SearchState* resume) {
  const kernels::FlushDenormals flushed;
  const Stopwatch since_start;
  use_common_level(world);
  const mpi::SharedStop stop(world,
                             {.seconds = given.time_limit, .signalled = [&] { return observer.stop_at_once(); }});
  be_quiet_about_stop(kSecondsForAnOrder);
  Solution solution;
  world.agree([&] { require_predictions(rows.shape(), given); });
  // 1. Roles and pairs, on rank 0; roles that the weights leave open, by the data.
  SolveOptions options = given;
  try {
    settle_roles(world, network, rows, options, observer, solution);
  } catch (const Stopped&) {
    be_quiet_about_stop(kSecondsForAnOrder);
    guess_roles_in(world, network, rows.shape(), options);
  }
  const std::int64_t settling = solution.evaluations;
  if (stop_reason() != StopReason::none) be_quiet_about_stop(kSecondsForAnOrder);
  const Preparation preparation = prepare(world, network, rows.shape(), options, observer);
  solution.times.pairing = since_start.seconds();
  try {
    if (options.without_predictions) {
      order_by_line(world, preparation, solution);
    } else {
      search(world, network, rows, preparation, options, observer, resume, solution);
    }
  } catch (const Stopped& stopped) {
    take_first_order(world, preparation, stopped.reason(), solution);
  }
  solution.evaluations += settling;
  // 5. The answer.
  complete(world, network, preparation, solution);
  solution.times.total = since_start.seconds();
  return solution;
}

}  // namespace kintsugi
