#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "search/islands/group.hpp"
#include "search/islands/island.hpp"

namespace kintsugi {

/// What `write` writes for each island, by its number, on all ranks. It is called for `own`, the group's islands, on
/// all of the group's ranks. Collective over the world; throws Stopped on all of its ranks where `write` does in any
/// group.
[[nodiscard]] std::vector<std::vector<std::int64_t>> gather_islands(
    const IslandGroup& group, std::vector<Island>& own, const std::function<void(Island&, StateArchive&)>& write);

}  // namespace kintsugi
