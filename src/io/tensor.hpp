#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// How a tensor's numbers are stored.
enum class TensorType { float16, bfloat16, float32, float64 };

[[nodiscard]] std::string_view to_string(TensorType type);
/// Bytes.
[[nodiscard]] std::size_t element_size(TensorType type);

/// A named tensor, its values converted to float64 (exactly) and laid out row-major whatever its strides were.
struct Tensor {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

}  // namespace kintsugi
