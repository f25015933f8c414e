#include "kintsugi/solve.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>

#include "core/random.hpp"
#include "kernels/flush_denormals.hpp"
#include "kintsugi/core/error.hpp"
#include "objective/error_floor.hpp"
#include "objective/evaluator.hpp"
#include "objective/linear_model.hpp"
#include "pairing/pairing.hpp"
#include "search/archipelago.hpp"
#include "seeding/seeding.hpp"

namespace kintsugi {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Roles and pairs, found on rank 0 and handed round.
struct Groundwork {
  Roles roles;                   // rank 0 only
  CompressNorms norms;           // every rank: any may be the first of its island
  std::vector<PairScore> pairs;  // rank 0 only
  Blocks pairing;
  std::set<int> doubtful;  // expand pieces of the pairs that are not to be trusted
  Blocks given;            // the order that the user gave, if any
};

void check_options(const SolveOptions& options) {
  if (options.islands < 1)
    throw UsageError("--islands is " + std::to_string(options.islands) + ", needs to be at least 1");
}

std::map<int, int> positions_by_index(const Network& network) {
  std::map<int, int> positions;
  for (std::size_t p = 0; p < network.pieces.size(); ++p) positions[network.pieces[p].index] = static_cast<int>(p);
  return positions;
}

// The user's order in positions, with its own pairs.
Assembly given_assembly(const Network& network, const std::vector<int>& permutation, const Roles& roles) {
  const std::map<int, int> positions = positions_by_index(network);
  std::vector<int> by_position;
  for (const int index : permutation) {
    const auto found = positions.find(index);
    if (found == positions.end())
      throw InputError("the given order names piece " + std::to_string(index) + ", which is not in the problem");
    by_position.push_back(found->second);
  }
  if (by_position.size() != network.pieces.size()) {
    throw InputError("the given order has " + std::to_string(by_position.size()) + " pieces, the problem " +
                     std::to_string(network.pieces.size()));
  }
  Assembly assembly = from_permutation(by_position);
  const auto has = [](const std::vector<int>& list, int piece) { return std::ranges::binary_search(list, piece); };
  for (const Block& block : assembly.blocks) {
    if (!has(roles.expand, block.expand) || !has(roles.compress, block.compress) ||
        network.pieces[static_cast<std::size_t>(block.expand)].out !=
            network.pieces[static_cast<std::size_t>(block.compress)].in) {
      throw InputError("the given order has pieces " +
                       std::to_string(network.pieces[static_cast<std::size_t>(block.expand)].index) + " and " +
                       std::to_string(network.pieces[static_cast<std::size_t>(block.compress)].index) +
                       " side by side, which make no block");
    }
  }
  return assembly;
}

Groundwork lay_ground(const mpi::Comm& world, const Network& network, const RowShape& shape,
                      const SolveOptions& options, SolveObserver& observer) {
  Groundwork ground;
  std::vector<int> pairs;
  std::vector<int> given;
  std::vector<int> doubtful;
  world.agree([&] {
    check_options(options);
    if (!world.root()) return;
    ground.roles = infer_roles(network, shape, options.given_expand);
    observer.on_roles(ground.roles);
    if (!options.given_permutation.empty()) {
      const Assembly assembly = given_assembly(network, options.given_permutation, ground.roles);
      for (const Block& block : assembly.blocks) given.insert(given.end(), {block.expand, block.compress});
    }
    ground.pairs = pair_pieces(network, ground.roles, options.pairing).pairs;
    observer.on_pairs(ground.pairs);
    for (const PairScore& pair : ground.pairs) {
      pairs.insert(pairs.end(), {pair.expand, pair.compress});
      if (!pair.trusted) doubtful.push_back(pair.expand);
    }
  });
  const auto share = [&](std::vector<int>& flat) {
    world.broadcast(flat);
    Blocks blocks;
    for (std::size_t i = 0; i < flat.size(); i += 2) blocks.push_back({flat[i], flat[i + 1]});
    return blocks;
  };
  world.broadcast(doubtful);
  ground.doubtful.insert(doubtful.begin(), doubtful.end());
  ground.pairing = share(pairs);
  ground.given = share(given);
  if (!ground.given.empty()) {
    ground.pairing = ground.given;
    std::ranges::sort(ground.pairing, {}, &Block::expand);
  }
  if (world.root()) ground.norms = compress_norms(network, ground.pairing);
  for (std::vector<double>* const norms : {&ground.norms.frobenius, &ground.norms.l1}) {
    norms->resize(ground.pairing.size());
    world.broadcast(std::span(*norms));
  }
  return ground;
}

std::vector<StartOrder> plant_seeds(Evaluator& evaluator, const Groundwork& ground, const SolveOptions& options) {
  const std::size_t tiles =
      evaluator.rows().tiles_for(static_cast<std::size_t>(options.parameters.preparation.start_rows));
  if (ground.given.empty()) {
    return make_start_orders(evaluator, ground.pairing, ground.norms, options.start, options.seed, tiles);
  }
  StartOrder seed{"given", evaluator.error(ground.given, tiles), {}};
  for (const Block& block : ground.given) {
    seed.order.push_back(static_cast<int>(std::ranges::find(ground.pairing, block) - ground.pairing.begin()));
  }
  return {seed};
}

// One start for each island: the seeds, best first, as far as they are better than the worse half; random orders of
// their own where that is asked for.
std::vector<Candidate> make_starts(Evaluator& evaluator, const Groundwork& ground, const SolveOptions& options,
                                   const std::vector<StartOrder>& seeds) {
  const std::size_t tiles =
      evaluator.rows().tiles_for(static_cast<std::size_t>(options.parameters.preparation.start_rows));
  std::vector<Candidate> starts;
  for (std::size_t i = 0; i < (seeds.size() + 1) / 2; ++i) {
    starts.push_back({in_order(ground.pairing, seeds[i].order), seeds[i].mse, tiles});
  }
  if (options.start != "random") return starts;
  for (int island = 1; island < options.islands; ++island) {
    Blocks blocks = ground.pairing;
    Random(options.seed, static_cast<std::uint64_t>(island)).shuffle(std::span(blocks));
    const double mse = evaluator.error(blocks, tiles);
    starts.push_back({std::move(blocks), mse, tiles});
  }
  return starts;
}

// Every pair of the final order with the scores that its expand piece had.
std::vector<PairScore> scores_in_order(const Groundwork& ground, const Blocks& blocks) {
  std::vector<PairScore> scores;
  for (const Block& block : blocks) {
    const auto found = std::ranges::find(ground.pairs, block.expand, &PairScore::expand);
    if (found == ground.pairs.end()) continue;
    scores.push_back(*found);
    if (found->compress != block.compress) {
      scores.back().compress = block.compress;
      scores.back().trusted = false;
    }
  }
  return scores;
}

}  // namespace

Solution solve(const mpi::Comm& world, const Network& network, RowSource& rows, const SolveOptions& options,
               SolveObserver& observer, const SearchState* resume) {
  const kernels::FlushDenormals flushed;
  const Clock::time_point start = Clock::now();
  Solution solution;
  Clock::time_point phase = start;
  const auto lap = [&](double& seconds) {
    seconds += since(phase);
    phase = Clock::now();
  };

  // 1. Roles and pairs, on rank 0.
  Groundwork ground = lay_ground(world, network, rows.shape(), options, observer);
  lap(solution.times.pairing);

  // 2. Weights into shared memory, rows to their ranks.
  const SharedWeights weights(world, network, ground.roles);
  Archipelago islands(world, weights, rows, options);
  Evaluator& evaluator = islands.evaluator();
  lap(solution.times.load);

  // 3. Seeds.
  solution.starts = plant_seeds(evaluator, ground, options);
  if (world.root()) observer.on_starts(solution.starts);
  lap(solution.times.seeding);

  // 4. Search.
  const ErrorFloor floor(evaluator, options.tolerance, options.parameters.error_floor);
  solution.target = floor.target(rows.shape().rows);
  islands.populate(floor, ground.doubtful);
  std::int64_t resumed = world.root() && resume != nullptr ? 1 : 0;
  world.max(std::span(&resumed, 1));
  if (resumed != 0) {
    islands.resume(resume);
  } else {
    const std::int64_t first_rows =
        options.sample_rows > 0 ? options.sample_rows : options.parameters.preparation.first_sample_rows;
    islands.begin(make_starts(evaluator, ground, options, solution.starts),
                  evaluator.rows().tiles_for(static_cast<std::size_t>(first_rows)));
  }
  const Blocks blocks = islands.search(start, observer, solution);

  // 5. The answer in the user's numbers.
  solution.rows = evaluator.rows().shape().rows;
  if (solution.mse <= solution.target) solution.status = Status::solved;
  solution.assembly = {blocks, weights.roles().head};
  if (world.root()) {
    for (const int position : to_permutation(solution.assembly)) {
      solution.permutation.push_back(network.pieces[static_cast<std::size_t>(position)].index);
    }
    solution.pairs = scores_in_order(ground, blocks);
  }
  world.broadcast(solution.permutation);
  solution.sha256 = sha256_hex(format_permutation(solution.permutation));
  solution.times.total = since(start);
  return solution;
}

}  // namespace kintsugi
