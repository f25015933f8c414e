#pragma once

#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// The same network without parts: each is put into its owner as its rule says (core/part_rules.hpp). A norm's gain
/// goes into the columns of its expand piece and of the gate, its bias into their biases, a residual's scale into the
/// rows of its compress piece, and a gate beside its expand piece. In float64. Of blocks of which some have a norm's
/// gain, the others have no norm. Throws InputError that names the part where it does not fit its owner, or where two
/// are the same part of one piece.
[[nodiscard]] NetworkF64 fold(NetworkF64 network);

/// The same with float32 numbers, folded in float64 and then rounded.
[[nodiscard]] Network fold(const Network& network);

/// The coarsest format that holds all numbers, or that held them before they were folded.
template <class Real>
[[nodiscard]] WeightPrecision precision_of(const BasicNetwork<Real>& network);

/// Numbers of another type. Values beyond float32 become infinite.
[[nodiscard]] NetworkF64 widened(const Network& network);
[[nodiscard]] Network narrowed(const NetworkF64& network);

}  // namespace kintsugi
