#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/tensor.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// The number that `name` ends in; nothing where it ends in none. Throws InputError where it is too large for an index.
[[nodiscard]] std::optional<int> trailing_number(const std::string& name, const std::string& origin);

/// One linear layer. Throws InputError that names `origin` and the rule: weight [out x in], bias [out], finite.
[[nodiscard]] PieceF64 make_piece(Tensor weight, std::optional<Tensor> bias, const std::string& origin);

/// The linear layers of a file that holds many; their names are what stands before `weight` and `bias`, without the
/// separator (one of . _ /). A layer's index is the number that its name ends in, if these numbers are 0, 1, ... for
/// all layers, each once; else its place in the file. Ascending by index. Throws InputError that names `origin` and the
/// rule.
[[nodiscard]] std::vector<PieceF64> pieces_of(std::vector<Tensor> tensors, const std::string& origin);

}  // namespace kintsugi
