#pragma once

#include <cstdint>
#include <string>

#include "kintsugi/core/problem_fingerprint.hpp"
#include "kintsugi/core/search_state.hpp"

namespace kintsugi {

/// What the state of a search belongs to: it goes on as if nothing had happened only where all of this is the same.
/// Made by checkpoint_key() (kintsugi/solve.hpp).
struct CheckpointKey {
  std::string version;                 ///< of the program, with its git revision
  std::int64_t layout = kStateLayout;  ///< of the state's words
  ProblemFingerprint problem;
  std::string options;     ///< those that decide the search's way, and parameters that are not at their defaults; one
                           ///< `name=value` a line
  std::string parameters;  ///< fingerprint of all parameters
};

}  // namespace kintsugi
