#pragma once

#include <string>

#include "io/pickle.hpp"

/// What the names in a pickle stand for, and what their calls make.
namespace kintsugi::pickle {

/// Thrown with the rule only; the machine adds file and place.
struct BrokenRule {
  std::string rule;
};

/// A name. Throws BrokenRule for one of those that run commands or code: such a file is out for harm.
[[nodiscard]] Value find_global(Heap& heap, const std::string& module, const std::string& name);

/// What calling `callee` with the tuple `arguments` makes: a tensor or dict where PyTorch means one, else an object.
/// Throws BrokenRule where the arguments are not those that PyTorch writes.
[[nodiscard]] Value call(Heap& heap, Value callee, Value arguments);

/// The storage that torch.save's persistent id ("storage", type, key, location, elements) names, or the class of
/// ("module", class, file, source), which torch.save put in before 1.6. Throws BrokenRule.
[[nodiscard]] Value load_persistent(Heap& heap, Value id);

}  // namespace kintsugi::pickle
