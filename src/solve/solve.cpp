#include "kintsugi/solve.hpp"

#include <utility>

#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/error_floor.hpp"
#include "objective/evaluator.hpp"
#include "search/islands/archipelago.hpp"
#include "solve/by_weights.hpp"
#include "solve/preparation.hpp"
#include "solve/role_choice.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

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

/// What rank 0 alone knows of the answer, and the answer in the user's numbers on all ranks.
void complete(const mpi::Comm& world, const Network& network, const Preparation& preparation, Solution& solution) {
  if (world.root()) {
    solution.pairs = scores_in_order(preparation.pairs, solution.assembly.blocks);
    solution.line = in_direction_of(preparation.line, solution.assembly.blocks);
    for (const int position : to_permutation(solution.assembly)) {
      solution.permutation.push_back(network.index_of(position));
    }
  }
  world.broadcast(solution.permutation);
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
}

/// Steps 2 to 4: everything that needs the rows.
void search(const mpi::Comm& world, const Network& network, RowSource& rows, const Preparation& preparation,
            const SolveOptions& options, SolveObserver& observer, const SearchState* resume,
            const Stopwatch& since_start, Solution& solution) {
  Stopwatch phase;
  // 2. Weights into shared memory, rows to their ranks, ranks to their islands.
  const SharedWeights weights(world, network, preparation.roles);
  if (world.root() && weights.copied_bytes() > 0) observer.on_copied_weights(weights.copied_bytes());
  IslandGroup group(world, weights, rows, options);
  solution.times.load = lap(phase);

  // 3. Starts.
  Evaluator& evaluator = group.evaluator();
  solution.starts = rank_starts(evaluator, preparation, options);
  if (world.root()) observer.on_starts(solution.starts);
  solution.times.seeding = lap(phase);

  // 4. Search, from the starts or from where an earlier run has left it.
  solution.rows = rows.shape().rows;
  const ErrorFloor floor(evaluator, options.tolerance, options.parameters.error_floor);
  solution.target = floor.target(solution.rows);
  Archipelago islands(group, floor, search_clues(preparation, options, solution.starts), options);
  if (is_resumed(world, resume)) {
    islands.resume(resume);
  } else {
    islands.begin(island_starts(evaluator, preparation, options, solution.starts), first_tiles(evaluator, options));
  }
  const Blocks blocks = islands.search(since_start, observer, solution);
  solution.assembly = {blocks, weights.roles().head};
}

}  // namespace

Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& given,
               SolveObserver& observer, const SearchState* resume) {
  const kernels::FlushDenormals flushed;
  const Stopwatch since_start;
  Solution solution;
  world.agree([&] { require_predictions(rows.shape(), given); });
  // 1. Roles and pairs, on rank 0; roles that the weights leave open, by the data.
  SolveOptions options = given;
  const std::int64_t settling = settle_roles(world, network, rows, options, observer);
  const Preparation preparation = prepare(world, network, rows.shape(), options, observer);
  solution.times.pairing = since_start.seconds();
  if (options.without_predictions) {
    order_by_line(world, preparation, solution);
  } else {
    search(world, network, rows, preparation, options, observer, resume, since_start, solution);
  }
  solution.evaluations += settling;
  // 5. The answer.
  complete(world, network, preparation, solution);
  solution.times.total = since_start.seconds();
  return solution;
}

}  // namespace kintsugi
