#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// Parts of which each may stand in the place of each other one: positions in network.parts.
using PartGroup = std::vector<std::size_t>;

/// The flat parts of these kinds, in groups of at least two: norms, that before the head among them, and scales.
[[nodiscard]] std::vector<PartGroup> part_groups(const NetworkF64& network, const std::set<PartKind>& kinds);

/// The same network with the mean part of its group in all places.
[[nodiscard]] NetworkF64 with_means(NetworkF64 network, const std::set<PartKind>& kinds);

/// Exchanges the numbers of a gate and its expand piece, at this position; the pieces keep their indices (see
/// rename_turned()).
void turn_gates(NetworkF64& network, int owner);

/// Gates and expand pieces whose numbers were exchanged, the latter of these indices, get each other's indices. The new
/// indices of expand pieces by the old ones.
std::map<int, int> rename_turned(NetworkF64& network, const std::set<int>& turned);

}  // namespace kintsugi
