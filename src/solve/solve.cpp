#include "kintsugi/solve.hpp"

#include <utility>

#include "core/stopwatch.hpp"
#include "kernels/flush_denormals.hpp"
#include "objective/error_floor.hpp"
#include "objective/evaluator.hpp"
#include "search/islands/archipelago.hpp"
#include "solve/preparation.hpp"
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

/// The answer in the user's numbers, on all ranks.
void number_pieces(const mpi::Comm& world, const Network& network, Solution& solution) {
  if (world.root()) {
    for (const int position : to_permutation(solution.assembly)) {
      solution.permutation.push_back(network.index_of(position));
    }
  }
  world.broadcast(solution.permutation);
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
}

}  // namespace

Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& options,
               SolveObserver& observer, const SearchState* resume) {
  const kernels::FlushDenormals flushed;
  const Stopwatch since_start;
  Stopwatch phase;
  Solution solution;
  // 1. Roles and pairs, on rank 0.
  const Preparation preparation = prepare(world, network, rows.shape(), options, observer);
  solution.times.pairing = lap(phase);
  // 2. Weights into shared memory, rows to their ranks, ranks to their islands.
  const SharedWeights weights(world, network, preparation.roles);
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

  // 5. The answer.
  if (solution.mse <= solution.target) solution.status = Status::solved;
  solution.assembly = {blocks, weights.roles().head};
  if (world.root()) solution.pairs = scores_in_order(preparation.pairs, blocks);
  number_pieces(world, network, solution);
  solution.times.total = since_start.seconds();
  return solution;
}

}  // namespace kintsugi
