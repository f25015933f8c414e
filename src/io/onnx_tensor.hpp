#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace kintsugi::onnx {

/// An array in an ONNX model (TensorProto), with where its numbers are.
struct StoredArray {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::size_t> shape;
  std::string problem;  ///< as StoredTensor::problem
  SharedBytes bytes;    ///< little-endian elements, row-major

  /// Under another name, or turned over: [b x a] of [a x b].
  [[nodiscard]] StoredTensor stored(const std::string& as, bool turned) const;
};

/// Throws InputError that begins with `place` and names the array.
[[nodiscard]] StoredArray read_array(const SharedBytes& message, const std::string& place);

}  // namespace kintsugi::onnx
