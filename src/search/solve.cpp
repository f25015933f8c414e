#include "kintsugi/solve.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "kintsugi/core/error.hpp"
#include "kintsugi/kernels/flush_denormals.hpp"
#include "kintsugi/objective/evaluator.hpp"
#include "kintsugi/objective/first_order_model.hpp"
#include "kintsugi/search/descent.hpp"
#include "kintsugi/seeding/seeding.hpp"

namespace kintsugi {

namespace {

constexpr std::size_t kSeedingRows = 128;
constexpr std::size_t kFirstSampleRows = 256;

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Roles and pairs, found on rank 0 and handed round.
struct Groundwork {
  Roles roles;       // rank 0 only
  Blocks pairing;    // everywhere
  CompressNorms norms;  // rank 0 only
  std::vector<PairScore> pairs;  // rank 0 only
};

Groundwork lay_ground(const mpi::Comm& world, const Network& network, const RowShape& shape,
                      const SolveOptions& options, SolveObserver& observer) {
  Groundwork ground;
  std::vector<int> flat;
  world.agree([&] {
    if (!world.root()) return;
    ground.roles = infer_roles(network, shape, options.given_expand);
    const Pairing pairing = pair_pieces(network, ground.roles, options.pairing);
    ground.pairs = pairing.pairs;
    for (const PairScore& pair : pairing.pairs) {
      ground.pairing.push_back({pair.expand, pair.compress});
      flat.insert(flat.end(), {pair.expand, pair.compress});
    }
    ground.norms = compress_norms(network, ground.pairing);
    observer.on_roles(ground.roles);
    observer.on_pairs(ground.pairs);
  });
  world.broadcast(flat);
  ground.pairing.clear();
  for (std::size_t i = 0; i < flat.size(); i += 2) ground.pairing.push_back({flat[i], flat[i + 1]});
  return ground;
}

}  // namespace

Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& options,
               SolveObserver& observer) {
  const kernels::FlushDenormals flushed;
  const Clock::time_point start = Clock::now();
  Solution solution;
  Groundwork ground = lay_ground(world, network, rows.shape(), options, observer);
  solution.times.pairing = since(start);

  Clock::time_point phase = Clock::now();
  const SharedWeights weights(world, network, ground.roles);
  Evaluator evaluator(world, weights, rows, choose_grid(world.size(), options.candidate_groups, options.row_groups, 8));
  solution.times.load = since(phase);

  phase = Clock::now();
  solution.seeds = make_seeds(evaluator, ground.pairing, ground.norms, options.seed_order, options.seed,
                              evaluator.rows().tiles_for(kSeedingRows));
  if (world.root()) observer.on_seeds(solution.seeds);
  solution.times.seeding = since(phase);

  phase = Clock::now();
  solution.target = options.tolerance > 0 ? options.tolerance : 1e-11 * evaluator.rows().prediction_variance();
  FirstOrderModel model(evaluator);
  Descent search(evaluator, model, options.search == "bubble" ? 1 : 0);
  Candidate at{in_order(ground.pairing, solution.seeds.front().order), 0, evaluator.rows().tiles_for(kFirstSampleRows)};
  at.mse = evaluator.error(at.blocks, at.tiles);
  search.start(at);
  for (std::int64_t step = 1; search.current().mse > solution.target; ++step) {
    const StepReport report = search.step();
    TrajectoryRow row{step, 0, report.event, static_cast<std::int64_t>(evaluator.rows().rows_in(at.tiles)), search.current().mse, search.current().mse, report.moves, evaluator.evaluations(), since(phase)};
    solution.trajectory.push_back(row);
    if (world.root()) observer.on_row(row);
    if (report.stuck) break;
  }
  solution.times.search = since(phase);
  phase = Clock::now();
  const Evaluator::Check check = evaluator.check(search.current().blocks);
  solution.mse = check.mse;
  solution.largest_error = check.largest_error;
  solution.times.check = since(phase);
  solution.times.total = since(start);
  solution.assembly = {search.current().blocks, weights.roles().head};
  solution.evaluations = evaluator.evaluations();
  return solution;
}

}  // namespace kintsugi
