#include "io/onnx_tensor.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "io/elements.hpp"
#include "io/protobuf.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::onnx {

namespace {

using protobuf::Field;

/// TensorProto.DataType.
std::optional<TensorType> type_of(std::uint64_t code) {
  constexpr std::array<std::pair<std::uint64_t, TensorType>, 16> kTypes{{{1, TensorType::float32},
                                                                         {2, TensorType::uint8},
                                                                         {3, TensorType::int8},
                                                                         {4, TensorType::uint16},
                                                                         {5, TensorType::int16},
                                                                         {6, TensorType::int32},
                                                                         {7, TensorType::int64},
                                                                         {9, TensorType::boolean},
                                                                         {10, TensorType::float16},
                                                                         {11, TensorType::float64},
                                                                         {12, TensorType::uint32},
                                                                         {13, TensorType::uint64},
                                                                         {16, TensorType::bfloat16},
                                                                         {17, TensorType::float8_e4m3fn},
                                                                         {19, TensorType::float8_e5m2},
                                                                         {20, TensorType::float8_e5m2fnuz}}};
  for (const auto& [number, type] : kTypes) {
    if (number == code) return type;
  }
  return std::nullopt;
}

/// The message's fields that count here.
struct Parts {
  std::vector<std::uint64_t> dims;
  std::uint64_t type = 0;
  std::string name;
  std::optional<std::span<const char>> raw;
  std::vector<char> listed;          ///< float_data, double_data
  std::vector<std::uint64_t> whole;  ///< int32_data
  bool elsewhere = false;
  bool in_parts = false;
};

void append(const Field& field, std::vector<char>& bytes) {
  if (field.kind == Field::Kind::bytes) {
    bytes.insert(bytes.end(), field.bytes.begin(), field.bytes.end());
    return;
  }
  std::array<char, sizeof(field.value)> value{};
  std::memcpy(value.data(), &field.value, value.size());
  bytes.insert(bytes.end(), value.begin(), value.begin() + (field.kind == Field::Kind::fixed32 ? 4 : 8));
}

Parts parts_of(std::span<const char> message, const std::string& place) {
  Parts parts;
  for (const Field& field : protobuf::fields_of(message, place)) {
    switch (field.number) {
      case 1: protobuf::append_numbers(field, place, parts.dims); break;
      case 2: parts.type = field.value; break;
      case 3: parts.in_parts = true; break;
      case 4:
      case 10: append(field, parts.listed); break;
      case 5: protobuf::append_numbers(field, place, parts.whole); break;
      case 8: parts.name = field.text(); break;
      case 9: parts.raw = field.bytes; break;
      case 13: parts.elsewhere = true; break;
      case 14: parts.elsewhere = parts.elsewhere || field.value != 0; break;
      default: break;
    }
  }
  return parts;
}

/// Numbers of two bytes and of one are listed as whole ones.
std::vector<char> narrowed(const std::vector<std::uint64_t>& values, std::size_t size) {
  std::vector<char> bytes;
  bytes.reserve(values.size() * size);
  for (const std::uint64_t value : values) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  }
  return bytes;
}

/// The one place where the numbers are.
SharedBytes bytes_of(Parts& parts, const SharedBytes& message, std::size_t size) {
  if (parts.raw) return {message.owner, *parts.raw};
  auto listed = std::make_shared<const std::vector<char>>(parts.whole.empty() ? std::move(parts.listed)
                                                                              : narrowed(parts.whole, size));
  return {listed, *listed};
}

}  // namespace

StoredArray read_array(const SharedBytes& message, const std::string& place) {
  Parts parts = parts_of(message.bytes, place);
  StoredArray array;
  array.name = parts.name;
  const std::string here = place + ", '" + printable(parts.name) + "'";
  if (parts.dims.size() > kMaxDimensions) throw InputError(here + ": has too many dimensions");
  array.shape.assign(parts.dims.begin(), parts.dims.end());
  const std::optional<TensorType> type = type_of(parts.type);
  if (!type) {
    array.problem = "has the data type " + std::to_string(parts.type) + ", which is not read";
    return array;
  }
  array.type = *type;
  if (parts.elsewhere) array.problem = "has its numbers in another file, which is not read: export it in one";
  if (parts.in_parts) array.problem = "is stored in parts, which is not read";
  // They may be listed in other fields, too; where they are no weights, nobody asks for them.
  if (!is_float(*type))
    array.problem = "has " + std::string(to_string(*type)) + " numbers, which are not read as weights";
  if (!array.problem.empty()) return array;
  array.bytes = bytes_of(parts, message, element_size(*type));
  const std::optional<std::uint64_t> needed = count_bytes(*type, parts.dims);
  if (needed != array.bytes.bytes.size()) {
    throw InputError(here + ": has " + std::to_string(array.bytes.bytes.size()) +
                     " bytes of numbers, which does not fit its shape " + shape_text(array.shape));
  }
  return array;
}

StoredTensor StoredArray::stored(const std::string& as, bool turned) const {
  StoredTensor tensor{.path = {as}, .type = type, .shape = shape, .problem = problem};
  if (turned) std::swap(tensor.shape[0], tensor.shape[1]);
  tensor.read = [type = type, bytes = bytes, shape = shape, turned] {
    StridedView view = dense_view({shape.begin(), shape.end()});
    if (turned) {
      std::swap(view.shape[0], view.shape[1]);
      std::swap(view.strides[0], view.strides[1]);
    }
    return read_elements(type, bytes.bytes, view);
  };
  return tensor;
}

}  // namespace kintsugi::onnx
