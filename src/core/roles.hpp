#pragma once

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/rows.hpp"

namespace kintsugi {

/// The roles that the pieces have in this answer, of a network with the width and outputs of `shape`.
[[nodiscard]] Roles roles_of(const Assembly& assembly, const RowShape& shape);

}  // namespace kintsugi
