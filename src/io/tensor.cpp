#include "io/tensor.hpp"

#include <algorithm>
#include <array>

#include "io/file_bytes.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

struct TypeFacts {
  TensorType type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kTensorTypes{
    TypeFacts{TensorType::float16, "float16", 2},
    TypeFacts{TensorType::bfloat16, "bfloat16", 2},
    TypeFacts{TensorType::float32, "float32", 4},
    TypeFacts{TensorType::float64, "float64", 8},
    TypeFacts{TensorType::float8_e4m3fn, "float8_e4m3fn", 1},
    TypeFacts{TensorType::float8_e5m2, "float8_e5m2", 1},
    TypeFacts{TensorType::float8_e4m3fnuz, "float8_e4m3fnuz", 1},
    TypeFacts{TensorType::float8_e5m2fnuz, "float8_e5m2fnuz", 1},
    TypeFacts{TensorType::float8_e8m0fnu, "float8_e8m0fnu", 1},
    TypeFacts{TensorType::boolean, "bool", 1},
    TypeFacts{TensorType::uint8, "uint8", 1},
    TypeFacts{TensorType::int8, "int8", 1},
    TypeFacts{TensorType::int16, "int16", 2},
    TypeFacts{TensorType::uint16, "uint16", 2},
    TypeFacts{TensorType::int32, "int32", 4},
    TypeFacts{TensorType::uint32, "uint32", 4},
    TypeFacts{TensorType::int64, "int64", 8},
    TypeFacts{TensorType::uint64, "uint64", 8},
    TypeFacts{TensorType::complex32, "complex32", 4},
    TypeFacts{TensorType::complex64, "complex64", 8},
    TypeFacts{TensorType::complex128, "complex128", 16},
    TypeFacts{TensorType::float4_e2m1fn_x2, "float4_e2m1fn_x2", 1},
    TypeFacts{TensorType::qint8, "qint8", 1},
    TypeFacts{TensorType::quint8, "quint8", 1},
    TypeFacts{TensorType::qint32, "qint32", 4},
    TypeFacts{TensorType::quint4x2, "quint4x2", 1},
    TypeFacts{TensorType::quint2x4, "quint2x4", 1},
};

const TypeFacts& facts_of(TensorType type) {
  const TypeFacts& facts = kTensorTypes.at(static_cast<std::size_t>(type));
  if (facts.type != type) throw InternalError("the table of tensor types is out of order");
  return facts;
}

}  // namespace

std::string_view to_string(TensorType type) { return facts_of(type).name; }

std::optional<TensorType> find_tensor_type(std::string_view name) {
  const auto found = std::ranges::find(kTensorTypes, name, &TypeFacts::name);
  return found == kTensorTypes.end() ? std::nullopt : std::optional(found->type);
}

std::size_t element_size(TensorType type) { return facts_of(type).size; }

std::string name_of(const StoredTensor& tensor) {
  std::string name;
  for (const std::string& key : tensor.path) name.append(&key == &tensor.path.front() ? "" : ".").append(key);
  return name;
}

std::vector<Tensor> read_all(const std::vector<StoredTensor>& tensors, const std::string& origin) {
  std::vector<Tensor> result;
  result.reserve(tensors.size());
  for (const StoredTensor& tensor : tensors) {
    const std::string name = name_of(tensor);
    if (!tensor.problem.empty()) throw InputError(origin + ": " + quoted(name) + " " + tensor.problem);
    result.push_back({name, tensor.type, tensor.shape, tensor.read()});
  }
  return result;
}

SharedBytes share_file(const std::string& path) {
  const auto file = std::make_shared<const FileBytes>(path);
  return {file, file->bytes()};
}

std::string printable(const std::string& text) {
  constexpr std::size_t kLongest = 80;
  std::string result = text.substr(0, kLongest);
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > kLongest ? result + "..." : result;
}

std::string quoted(const std::string& text) { return std::string("'").append(printable(text)).append("'"); }

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t size : shape) text.append(text.size() > 1 ? " x " : "").append(std::to_string(size));
  return text + "]";
}

}  // namespace kintsugi
