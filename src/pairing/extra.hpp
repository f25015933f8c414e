#pragma once

#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// Pieces that cannot all be in one network, by position, ascending: those whose shape fits no role, and of each hidden
/// size that has more expand than compress pieces or the other way round, those that the best pairing by the weights
/// leaves over (of square ones, where their number is odd but no head is among them, the one). A piece whose partner is
/// missing is one of them as well: the weights do not tell the two apart. Not collective, deterministic.
[[nodiscard]] std::vector<int> find_extra_pieces(const Network& network, const RowShape& rows,
                                                 const PairingParameters& parameters = {});

}  // namespace kintsugi
