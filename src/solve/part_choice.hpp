#pragma once

#include <string>
#include <vector>

#include "kintsugi/core/piece.hpp"
#include "kintsugi/solve.hpp"
#include "pairing/grammar.hpp"

namespace kintsugi {

/// Decides by the data which part belongs to which block, where neither names nor weights tell.
///
/// 1. A short search with the parts as the weights favour them, or with their mean where the weights say nothing, comes
///    to an order. Where the form itself is open (norms or scales; which half of fused pieces is the gate), one for
///    each form, of which the one with the least error stays.
/// 2. At this order each block's part is a mixture of all of its kind, and the shares of all are found at once by
/// damped
///    least squares (Levenberg-Marquardt); the best assignment of shares is taken. Gates and expand pieces that are
///    better the other way round are turned.
/// 3. A search with these parts comes to a better order, at which they are found anew, until one solves the problem.
///
/// `network`, with its parts, and `open` are read on rank 0 only, where the network is changed. `options` gets the best
/// order as its start where nobody gave one. Returns, on rank 0, what was found, in a sentence. Collective over
/// `world`. Throws as solve() does.
[[nodiscard]] std::string settle_parts(const mpi::Comm& world, NetworkF64& network, const OpenParts& open,
                                       RowSource& rows, SolveOptions& options, SolveObserver& observer);

}  // namespace kintsugi
