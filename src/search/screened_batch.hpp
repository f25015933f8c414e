#pragma once

#include <vector>

#include "search/search.hpp"

namespace kintsugi {

/// Tiles of a sample that first looks are taken on.
inline constexpr std::size_t kScreenTiles = 4;

/// Replaces `current` by the best of `orders` if that lowers its error. All orders are evaluated on the first few tiles
/// of the sample; only the best of those that look better than `screen_error` (current's error there) are evaluated on
/// the whole sample. Collective.
bool take_best(Evaluator& evaluator, Candidate& current, std::vector<Blocks> orders, double screen_error);

/// Current's error on the tiles that take_best() looks at first.
[[nodiscard]] double screen_error(Evaluator& evaluator, const Candidate& current);

}  // namespace kintsugi
