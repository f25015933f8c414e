#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

enum class TensorType { float16, bfloat16, float32, float64 };

[[nodiscard]] std::string_view to_string(TensorType type);
[[nodiscard]] std::size_t element_size(TensorType type);

/// A named tensor, its values converted to float64 (exactly) and laid out row-major whatever its strides were.
struct Tensor {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// The tensors of a state_dict that torch.save wrote (zip format, PyTorch 1.6 and later), in its order.
/// Inert: no code is run. The pickle goes through a machine with an allow-list of opcodes and globals that builds plain
/// values; views (offset, strides) must lie inside their storage, a storage's declared size must be the bytes present,
/// and memory is bounded by a small multiple of the file's size. Throws InputError that names the file and the rule.
[[nodiscard]] std::vector<Tensor> read_state_dict(const std::filesystem::path& path);

/// The same for a file that is already in memory; `origin` names it in messages.
[[nodiscard]] std::vector<Tensor> read_state_dict(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
