#pragma once

#include <string_view>

#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// "norm", "gate", "scale": as files name them.
[[nodiscard]] std::string_view to_string(PartKind kind);

/// The same network without parts: a norm's gain goes into the columns of its expand piece and of the gate, its bias
/// into their biases, a residual's scale into the rows of its compress piece, and a gate beside its expand piece. In
/// float64. Throws InputError that names the part where it does not fit its owner, where two are the same part of one
/// piece, or where a block lacks a part that others have.
[[nodiscard]] NetworkF64 fold(NetworkF64 network);

/// The same with float32 numbers, folded in float64 and then rounded.
[[nodiscard]] Network fold(const Network& network);

/// Numbers of another type. Values beyond float32 become infinite.
[[nodiscard]] NetworkF64 widened(const Network& network);
[[nodiscard]] Network narrowed(const NetworkF64& network);

}  // namespace kintsugi
