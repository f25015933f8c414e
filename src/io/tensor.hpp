#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// How a tensor's numbers are stored.
enum class TensorType : std::uint8_t {
  float16,
  bfloat16,
  float32,
  float64,
  float8_e4m3fn,
  float8_e5m2,
  float8_e4m3fnuz,
  float8_e5m2fnuz,
  float8_e8m0fnu,
  boolean,
  uint8,
  int8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  // From here on no numbers are read.
  complex32,
  complex64,
  complex128,
  float4_e2m1fn_x2,
  qint8,
  quint8,
  qint32,
  quint4x2,
  quint2x4,
};

/// As PyTorch and NumPy call it.
[[nodiscard]] std::string_view to_string(TensorType type);
/// The type of that name.
[[nodiscard]] std::optional<TensorType> find_tensor_type(std::string_view name);
/// Bytes.
[[nodiscard]] std::size_t element_size(TensorType type);
/// Real numbers with a fraction: what weights are made of.
[[nodiscard]] constexpr bool is_float(TensorType type) { return type <= TensorType::float8_e8m0fnu; }
/// Numbers that read_elements() reads.
[[nodiscard]] constexpr bool is_readable(TensorType type) { return type <= TensorType::uint64; }

/// A named tensor, its values converted to float64 (exactly; integers beyond 2^53 to the nearest) and laid out
/// row-major whatever its strides were.
struct Tensor {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// A tensor that a file holds, or what stands where one would.
struct StoredTensor {
  std::vector<std::string> path{};  ///< the keys that lead to it from the file's outermost dict; the last is its own
  TensorType type = TensorType::float32;
  std::vector<std::size_t> shape{};
  std::string problem{};  ///< why it cannot be read, as the rest of a sentence that begins with it; empty: it can
  bool is_plain = false;  ///< no tensor, but a number, a text or a list where a layer would have one
  std::function<std::vector<double>()> read{};  ///< row-major. Throws InputError
};

/// The keys, a dot between them.
[[nodiscard]] std::string name_of(const StoredTensor& tensor);

/// Reads all. Throws InputError that names `origin` for one that cannot be read.
[[nodiscard]] std::vector<Tensor> read_all(const std::vector<StoredTensor>& tensors, const std::string& origin);

/// What a model's file says besides its tensors: names and values.
using ModelFacts = std::map<std::string, std::string>;
/// The entry of a .pth that kintsugi's own facts are in, as a JSON object.
inline constexpr std::string_view kFactsEntry = "kintsugi.json";
/// The fact that names the activations among a file's modules, by comma: "GELU", "ReLU, Tanh".
inline constexpr std::string_view kActivationClasses = "activation classes";

/// A file's bytes, and what keeps them.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::span<const char> bytes;
};

/// A whole file. Throws InputError as FileBytes does.
[[nodiscard]] SharedBytes share_file(const std::string& path);

/// `text` fit for a message: unprintable bytes replaced, long text cut.
[[nodiscard]] std::string printable(const std::string& text);

/// The same in single quotes.
[[nodiscard]] std::string quoted(const std::string& text);

/// "[2 x 3]".
[[nodiscard]] std::string shape_text(const std::vector<std::size_t>& shape);

}  // namespace kintsugi
