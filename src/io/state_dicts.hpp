#pragma once

#include <string>
#include <vector>

#include "io/layers.hpp"
#include "io/tensor.hpp"

namespace kintsugi {

/// Of dicts within dicts, as checkpoints are, the one with the linear layers: its tensors, their paths shortened to
/// what lies within it. Dicts (or lists) of layers count as one. A file with one layer may have that of a norm, whose
/// weight has one dimension. What else the file holds goes to `left_out`. Throws
/// InputError that names `origin` where several dicts have layers of their own, which it names, or none.
[[nodiscard]] std::vector<StoredTensor> choose_state_dict(std::vector<StoredTensor> tensors, const std::string& origin,
                                                          LeftOut& left_out);

/// What a tensor of one dimension is that is neither a weight nor a bias, nor named as a scale.
inline constexpr const char* kUnknownVector =
    "has one dimension: the gains of norms are called 'weight', and scales on the residual have names with 'scale', "
    "'gamma' or 'ls'; beside these, blocks have linear layers alone";

/// Whether the last key of a name is that of a scale on the residual (`scale`, `gamma`, `ls1`, `layer_scale`).
[[nodiscard]] bool is_named_as_scale(const std::string& name);

/// Whether it has one dimension, and more than one number.
[[nodiscard]] bool is_vector(const StoredTensor& tensor);

}  // namespace kintsugi
