#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "io/pickle.hpp"

/// The functions by which PyTorch's pickles put tensors together.
namespace kintsugi::pickle {

/// What PyTorch's function `name` makes of `arguments`: a tensor, or a tensor that cannot be read and why. Nothing
/// where `global` is not one of PyTorch's functions for tensors. Throws BrokenRule where the arguments are not what it
/// takes.
[[nodiscard]] std::optional<Value> rebuild(Heap& heap, const Global& global, const std::vector<Value>& arguments);

/// The type of a storage class such as torch.FloatStorage; nothing where `global` is none.
[[nodiscard]] std::optional<Storage> storage_class(const Global& global);

/// The array that NumPy's _reconstruct object holds, as a tensor; nothing where `object` is none.
[[nodiscard]] std::optional<Value> numpy_array(Heap& heap, Value object);

/// Counts the view's elements and checks that all lie inside its storage, without overflow. Throws BrokenRule.
void check_view(const Heap& heap, TensorView& view);

}  // namespace kintsugi::pickle
