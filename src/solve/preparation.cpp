#include "solve/preparation.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "core/stop.hpp"
#include "depth/weights_line.hpp"
#include "kintsugi/core/error.hpp"
#include "pairing/likely_pairs.hpp"
#include "pairing/pairing.hpp"

namespace kintsugi {

namespace {

void check_options(const SolveOptions& options) {
  if (options.islands < 1)
    throw UsageError("--islands is " + std::to_string(options.islands) + ", needs to be at least 1");
  if (options.without_predictions && options.start != "auto" && options.start != kSeriationStart) {
    throw UsageError(
        "--without-predictions takes the line that the weights give, and --start gives another order: leave one of "
        "them out");
  }
}

bool makes_a_block(const Network& network, const Roles& roles, const Block& block) {
  const auto size_of = [&](int position) -> const Piece& { return network.pieces[static_cast<std::size_t>(position)]; };
  return std::ranges::binary_search(roles.expand, block.expand) &&
         std::ranges::binary_search(roles.compress, block.compress) &&
         size_of(block.expand).out == size_of(block.compress).in;
}

Blocks given_blocks(const Network& network, const std::vector<int>& permutation, const Roles& roles) {
  Blocks blocks = from_permutation(to_positions(network, permutation)).blocks;
  for (const Block& block : blocks) {
    if (makes_a_block(network, roles, block)) continue;
    throw InputError("the given order has pieces " + std::to_string(network.index_of(block.expand)) + " and " +
                     std::to_string(network.index_of(block.compress)) + " side by side, which make no block");
  }
  return blocks;
}

// Rank 0's part.
void find_pairs(const Network& network, const RowShape& shape, const SolveOptions& options, SolveObserver& observer,
                Preparation& preparation) {
  preparation.roles = infer_roles(network, shape, options.given_expand, options.parameters.pairing);
  observer.on_roles(preparation.roles);
  if (!options.given_permutation.empty())
    preparation.given = given_blocks(network, options.given_permutation, preparation.roles);
  preparation.pairs = pair_pieces(network, preparation.roles, options.pairing, options.parameters.pairing).pairs;
  observer.on_pairs(preparation.pairs);
  for (const PairScore& pair : preparation.pairs) {
    preparation.pairing.push_back({pair.expand, pair.compress});
    if (!pair.trusted) preparation.untrusted.insert(pair.expand);
  }
  // Pair relaxation alone asks for these, and not of more blocks.
  if (preparation.untrusted.size() <= options.parameters.pair_relaxation.max_blocks)
    preparation.likely = likely_pairs(network, preparation.pairs, options.parameters.pairing);
  if (preparation.given.empty()) return;
  preparation.pairing = preparation.given;
  std::ranges::sort(preparation.pairing, {}, &Block::expand);
}

// Rank 0's part.
void find_lines(const Network& network, const SolveOptions& options, Preparation& preparation) {
  const SeriationParameters& parameters = options.parameters.seriation;
  LineStudy study = study_line(network, preparation.pairing, preparation.roles.head, parameters);
  Lines& lines = preparation.lines;
  lines.trust = std::move(study.trust);
  lines.orders.reserve(study.lines.size());
  for (Seriation& line : study.lines) lines.orders.push_back(std::move(line.order));
  const bool alone = options.start == kSeriationStart || options.without_predictions;
  if (!study.lines.empty() || alone) preparation.line = std::move(study.line);
  if (!alone) {
    // Of wrong pairs' features, only agreement says that a line is worth a look.
    const double most = parameters.untrusted_pairs * static_cast<double>(preparation.pairing.size());
    const bool wrong_pairs = static_cast<double>(preparation.untrusted.size()) > most;
    if (wrong_pairs && lines.trust.significance < parameters.significance) lines.orders.clear();
    return;
  }
  // Who asks for these lines alone gets one.
  if (!lines.orders.empty()) return;
  lines.orders.emplace_back(preparation.pairing.size());
  std::iota(lines.orders.front().begin(), lines.orders.front().end(), 0);
}

// Rank 0's values, to all.
void share(const mpi::Comm& world, Blocks& blocks) {
  std::vector<int> flat;
  for (const Block& block : blocks) flat.insert(flat.end(), {block.expand, block.compress});
  world.broadcast(flat);
  blocks.clear();
  for (std::size_t i = 0; i < flat.size(); i += 2) blocks.push_back({flat[i], flat[i + 1]});
}

void share(const mpi::Comm& world, Lines& lines) {
  std::int64_t count = static_cast<std::int64_t>(lines.orders.size());
  world.broadcast(std::span(&count, 1));
  lines.orders.resize(static_cast<std::size_t>(count));
  for (std::vector<int>& line : lines.orders) world.broadcast(line);
  double numbers[] = {lines.trust.agreement, lines.trust.significance, lines.trust.places};
  world.broadcast(std::span(numbers));
  lines.trust.agreement = numbers[0];
  lines.trust.significance = numbers[1];
  lines.trust.places = numbers[2];
}

void share(const mpi::Comm& world, std::set<int>& pieces) {
  std::vector<int> flat(pieces.begin(), pieces.end());
  world.broadcast(flat);
  pieces = {flat.begin(), flat.end()};
}

void share(const mpi::Comm& world, PairShares& likely) {
  world.broadcast(likely.expand);
  world.broadcast(likely.compress);
  likely.shares.resize(likely.expand.size() * likely.compress.size());
  world.broadcast(std::span(likely.shares));
}

}  // namespace

std::vector<int> to_positions(const Network& network, const std::vector<int>& permutation) {
  const std::map<int, int> positions = network.positions();
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
  return by_position;
}

Preparation prepare(const mpi::Comm& world, const Network& network, const RowShape& shape, const SolveOptions& options,
                    SolveObserver& observer) {
  Preparation preparation;
  world.agree([&] {
    check_options(options);
    if (world.root()) find_pairs(network, shape, options, observer, preparation);
  });
  share(world, preparation.pairing);
  share(world, preparation.given);
  share(world, preparation.untrusted);
  share(world, preparation.likely);
  const bool seeks_lines = options.start == kSeriationStart || options.start == "auto" || options.without_predictions;
  if (preparation.given.empty() && seeks_lines) {
    try {
      world.agree([&] {
        if (world.root()) find_lines(network, options, preparation);
      });
    } catch (const Stopped&) {
      preparation.lines = {};  // what comes next sees the stop, too
    }
    if (world.root() && !preparation.line.blocks.empty()) observer.on_line(preparation.line);
    share(world, preparation.lines);
  }
  // Every rank has the norms: any may be the first of its island.
  if (world.root()) preparation.norms = compress_norms(network, preparation.pairing);
  for (std::vector<double>* const norms : {&preparation.norms.frobenius, &preparation.norms.l1}) {
    norms->resize(preparation.pairing.size());
    world.broadcast(std::span(*norms));
  }
  return preparation;
}

std::vector<PairScore> scores_in_order(const std::vector<PairScore>& pairs, const Blocks& blocks) {
  std::vector<PairScore> scores;
  for (const Block& block : blocks) {
    const auto found = std::ranges::find(pairs, block.expand, &PairScore::expand);
    if (found == pairs.end()) continue;
    scores.push_back(*found);
    if (found->compress == block.compress) continue;
    scores.back().compress = block.compress;
    scores.back().trusted = false;
  }
  return scores;
}

}  // namespace kintsugi
