#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "io/pickle.hpp"

namespace kintsugi::pickle {

/// A tensor in a pickled value, or what stands where one would.
struct FoundTensor {
  std::vector<std::string> path;  ///< keys of dicts, places in lists; a module's parts have one key, "0.inp.weight"
  Value tensor;                   ///< none where there is none
  std::string problem;            ///< why it cannot be read; empty: it can
  bool is_plain = false;          ///< a number, a text or a list, where a layer would have a tensor
};

/// What was found in a pickled value.
struct Found {
  std::vector<FoundTensor> tensors;
  std::set<std::string> activations;  ///< of modules: the names of their torch.nn classes with what is not as usual,
                                      ///< "GELU", "GELU(approximate=tanh)"
};

/// All tensors in `top`, in the order of the dicts and lists: those of modules under the names that their state_dict()
/// has. Throws InputError that names `origin` and the rule.
[[nodiscard]] Found find_tensors(Heap& heap, Value top, const std::string& origin);

}  // namespace kintsugi::pickle
