#pragma once

#include <string>

#include "io/pickle.hpp"

/// What a pickle may name and call: everything else is refused.
namespace kintsugi::pickle {

/// Thrown with the rule only; the machine adds file and place.
struct BrokenRule {
  std::string rule;
};

[[nodiscard]] Value new_dict(Heap& heap);

/// An allowed global. Throws BrokenRule for any other.
[[nodiscard]] Value find_global(const std::string& module, const std::string& name);

/// What the allowed global `callee` makes of the tuple `arguments`. Throws BrokenRule.
[[nodiscard]] Value call(Heap& heap, Value callee, Value arguments);

/// The storage that torch.save's persistent id ("storage", type, key, location, elements) names. Throws BrokenRule.
[[nodiscard]] Value load_storage(Heap& heap, Value id);

}  // namespace kintsugi::pickle
