#pragma once

#include <string>
#include <vector>

#include "io/layers.hpp"
#include "io/tensor.hpp"

namespace kintsugi {

/// Of dicts within dicts, as checkpoints are, the one with the linear layers: its tensors, their paths shortened to
/// what lies within it. Dicts (or lists) of layers count as one. What else the file holds goes to `left_out`. Throws
/// InputError that names `origin` where several dicts have layers of their own, which it names, or none.
[[nodiscard]] std::vector<StoredTensor> choose_state_dict(std::vector<StoredTensor> tensors, const std::string& origin,
                                                          LeftOut& left_out);

/// What a tensor of one dimension is where a layer should be: in a network that is not read.
inline constexpr const char* kNormOrScale =
    "has one dimension: it is the gain of a norm (LayerNorm, RMSNorm) or a scale on the residual. Blocks with norms or "
    "scales are recognised, but cannot be solved yet: a block is x + compress(act(expand(x))), of linear layers alone";

/// Whether it has one dimension, and more than one number.
[[nodiscard]] bool is_vector(const StoredTensor& tensor);

}  // namespace kintsugi
