#include "kintsugi/solve.hpp"

#include <chrono>
#include <utility>

#include "kernels/flush_denormals.hpp"
#include "objective/error_floor.hpp"
#include "objective/evaluator.hpp"
#include "search/islands/archipelago.hpp"
#include "solve/preparation.hpp"
#include "solve/starts.hpp"

namespace kintsugi {

namespace {

using Clock = std::chrono::steady_clock;

/// Wall time since it was made, in laps.
class Laps {
 public:
  [[nodiscard]] Clock::time_point start() const noexcept { return start_; }
  [[nodiscard]] double total() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  /// Seconds since the lap before.
  [[nodiscard]] double lap() {
    const Clock::time_point before = std::exchange(lap_, Clock::now());
    return std::chrono::duration<double>(lap_ - before).count();
  }

 private:
  Clock::time_point start_ = Clock::now();
  Clock::time_point lap_ = start_;
};

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
  Laps clock;
  Solution solution;
  // 1. Roles and pairs, on rank 0.
  const Preparation preparation = prepare(world, network, rows.shape(), options, observer);
  solution.times.pairing = clock.lap();
  // 2. Weights into shared memory, rows to their ranks, ranks to their islands.
  const SharedWeights weights(world, network, preparation.roles);
  IslandGroup group(world, weights, rows, options);
  solution.times.load = clock.lap();

  // 3. Starts.
  Evaluator& evaluator = group.evaluator();
  solution.starts = rank_starts(evaluator, preparation, options);
  if (world.root()) observer.on_starts(solution.starts);
  solution.times.seeding = clock.lap();

  // 4. Search, from the starts or from where an earlier run has left it.
  solution.rows = rows.shape().rows;
  const ErrorFloor floor(evaluator, options.tolerance, options.parameters.error_floor);
  solution.target = floor.target(solution.rows);
  Archipelago islands(group, floor, preparation.untrusted, options);
  if (is_resumed(world, resume)) {
    islands.resume(resume);
  } else {
    islands.begin(island_starts(evaluator, preparation, options, solution.starts), first_tiles(evaluator, options));
  }
  const Blocks blocks = islands.search(clock.start(), observer, solution);

  // 5. The answer.
  if (solution.mse <= solution.target) solution.status = Status::solved;
  solution.assembly = {blocks, weights.roles().head};
  if (world.root()) solution.pairs = scores_in_order(preparation.pairs, blocks);
  number_pieces(world, network, solution);
  solution.times.total = clock.total();
  return solution;
}

}  // namespace kintsugi
