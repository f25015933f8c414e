#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi {

/// The layers of an ONNX model, from its initializers and constants and from what its nodes do with them: Gemm, and
/// MatMul with or without Add. Weights are turned to [out x in] where the graph has them the other way round. A layer
/// has the name of its weight or bias where these end in ".weight" and ".bias", else its number among the linear nodes.
/// Other tensors of real numbers come under their own names. The activation is added to `facts` where it is ReLU
/// throughout. Numbers are read when they are asked for. Throws InputError that names `origin`, the place and the rule:
/// numbers in other files, quantized models, functions, branches and loops, and other uses of a weight are refused.
[[nodiscard]] std::vector<StoredTensor> open_onnx(const SharedBytes& file, const std::string& origin,
                                                  ModelFacts* facts = nullptr);

/// Whether `file` begins as one: a protobuf message with the version of its format (field 1), then who made it (2) or
/// its graph (7).
[[nodiscard]] bool is_onnx(std::span<const char> file);

}  // namespace kintsugi
