#pragma once

#include "kintsugi/solve.hpp"

namespace kintsugi {

/// Decides by the data which of each two square pieces (h = d) expands, where the weights do not tell.
///
/// 1. Pairs that the weights single out keep their partners, and only their direction is open; pieces of all others
///    may pair up in any way.
/// 2. The share of each open block is found by least squares, all at once (ShareGroups): averaged over random orders,
/// as
///    what a wrong order does to the shares differs from order to order.
/// 3. A search with these roles comes to a better order, at which the shares are found anew, until one solves the
///    problem or the roles no longer change. A start that the caller gave is the first of these orders, with its own
///    roles; where they do not solve the problem, it is left.
///
/// Adds the evaluations of the whole network in these searches to those of `solution`, which gets the doubtful pairs
/// (Solution::open_roles). Changes nothing where the roles are given, or sure,
/// or no rows count. Otherwise `options` gets the expand pieces, and an order that has solved the problem becomes the
/// start. The same on all ranks, which all need `network.pieces` on rank 0 only; the observer is told on rank 0.
/// Collective over `world`. Throws as solve() does.
void settle_roles(const mpi::Comm& world, const Network& network, RowSource& rows, SolveOptions& options,
                  SolveObserver& observer, Solution& solution);

/// Whether roles are not given and the weights leave some of them open. `network` is read on rank 0 only; equal on all
/// ranks. Collective over `world`. Throws as guess_roles() does.
[[nodiscard]] bool are_roles_open(const mpi::Comm& world, const Network& network, const RowShape& shape,
                                  const SolveOptions& options);

/// Gives the options the expand pieces that the weights favour, where shapes leave roles open and nobody gave them.
/// `network` is read on rank 0 only. Collective over `world`. Throws as guess_roles() does, on all ranks alike.
void guess_roles_in(const mpi::Comm& world, const Network& network, const RowShape& shape, PreparationOptions& options);

}  // namespace kintsugi
