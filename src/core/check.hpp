#pragma once

#include <string>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

/// 0: no internal assertions; 1: cheap ones; 2: also those that re-score from scratch and communicate. Set by the build
/// (KINTSUGI_CHECKS).
inline constexpr int kCheckLevel = KINTSUGI_CHECK_LEVEL;

/// Throws InternalError that names the broken rule. For kintsugi's own bugs, never for what a user can do.
inline void require(bool holds, const char* rule) {
  if constexpr (kCheckLevel >= 1) {
    if (!holds) throw InternalError(std::string("internal check failed: ") + rule);
  }
}

}  // namespace kintsugi
