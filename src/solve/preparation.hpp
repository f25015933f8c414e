#pragma once

#include <set>
#include <vector>

#include "core/order.hpp"
#include "core/pair_shares.hpp"
#include "depth/seriation.hpp"
#include "kintsugi/solve.hpp"
#include "seeding/seeding.hpp"

namespace kintsugi {

/// Blocks in a line by their weights (depth/seriation.hpp); which end is the first is open.
struct Lines {
  std::vector<std::vector<int>> orders;  ///< positions in the pairing, smoothest first
  SeriationTrust trust;
};

/// What is known of a network before its blocks are put in order.
struct Preparation {
  Roles roles;                   ///< rank 0 only
  std::vector<PairScore> pairs;  ///< by expand piece; rank 0 only
  Blocks pairing;                ///< the same, or the given order's pairs, by expand piece
  std::set<int> untrusted;       ///< expand pieces of the pairs that the weights do not single out
  PairShares likely;             ///< how likely their pieces are pairs
  CompressNorms norms;           ///< by position in `pairing`
  Blocks given;                  ///< the order that the user gave, or empty
  /// Where the start asks for them, alone or among others: orders that the weights alone give.
  Lines lines;
  WeightsLine line;  ///< the smoothest of them and what it is worth; rank 0 only
};

/// Finds roles and pairs on rank 0, tells the observer, and hands round what the other ranks need. Collective. Throws
/// on all ranks alike: InputError where the pieces cannot form a network or the given order is none of it, UsageError
/// for impossible options.
[[nodiscard]] Preparation prepare(const mpi::Comm& world, const Network& network, const RowShape& shape,
                                  const SolveOptions& options, SolveObserver& observer);

/// The pairs of `blocks` with the scores that their expand pieces have in `pairs`; a pair that is not the one which the
/// weights chose is not trusted.
[[nodiscard]] std::vector<PairScore> scores_in_order(const std::vector<PairScore>& pairs, const Blocks& blocks);

/// The places in the network of an order of pieces' own indices. Throws InputError unless it names as many pieces as
/// there are, all of the network.
[[nodiscard]] std::vector<int> to_positions(const Network& network, const std::vector<int>& permutation);

}  // namespace kintsugi
