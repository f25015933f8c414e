// An array in a pickle: _frombuffer(bytes, dtype, shape, order) since protocol 5, and before _reconstruct(ndarray,
// (0,), b"b"), whose state (1, shape, dtype, is_fortran, bytes) BUILD sets; the dtype is numpy.dtype("f4", False, True)
// with the state (3, "<", ...).

#include <algorithm>
#include <array>
#include <string_view>

#include "io/pickle_calls.hpp"
#include "io/torch_tensors.hpp"

namespace kintsugi::pickle {

namespace {

bool is_numpy(const Global& global, std::string_view module, std::string_view name) {
  return global.name == name && (global.module == std::string("numpy.core.").append(module) ||
                                 global.module == std::string("numpy._core.").append(module));
}

struct ArrayType {
  TensorType type;
  bool big_endian;
};

std::optional<ArrayType> array_type(const Heap& heap, Value dtype) {
  struct Code {
    std::string_view code;
    TensorType type;
  };
  static constexpr std::array kCodes{
      Code{"f2", TensorType::float16}, Code{"f4", TensorType::float32}, Code{"f8", TensorType::float64},
      Code{"b1", TensorType::boolean}, Code{"u1", TensorType::uint8},   Code{"i1", TensorType::int8},
      Code{"i2", TensorType::int16},   Code{"u2", TensorType::uint16},  Code{"i4", TensorType::int32},
      Code{"u4", TensorType::uint32},  Code{"i8", TensorType::int64},   Code{"u8", TensorType::uint64},
  };
  if (dtype.kind != Kind::object) return std::nullopt;
  const Object& object = heap.object(dtype);
  const Global& global = heap.globals[object.global];
  if (global.module != "numpy" || global.name != "dtype" || object.arguments.kind != Kind::tuple) return std::nullopt;
  const std::vector<Value>& given = heap.sequence(object.arguments);
  if (given.empty() || given[0].kind != Kind::text) return std::nullopt;
  const auto code = std::ranges::find(kCodes, heap.text(given[0]), &Code::code);
  if (code == kCodes.end()) return std::nullopt;
  const bool has_state = object.state.kind == Kind::tuple && heap.sequence(object.state).size() > 1 &&
                         heap.sequence(object.state)[1].kind == Kind::text;
  const std::string order = has_state ? heap.text(heap.sequence(object.state)[1]) : "<";
  return ArrayType{code->type, order == ">"};
}

}  // namespace

namespace {

/// What the two ways to write an array tell of it.
struct ArrayParts {
  Value shape;
  Value dtype;
  Value bytes;
  bool is_fortran = false;
};

/// _reconstruct(...) and its state (1, shape, dtype, is_fortran, bytes).
std::optional<ArrayParts> reconstructed(const Heap& heap, const Object& object) {
  constexpr std::size_t kParts = 5;
  if (object.state.kind != Kind::tuple || heap.sequence(object.state).size() != kParts) return std::nullopt;
  const std::vector<Value>& state = heap.sequence(object.state);
  return ArrayParts{state[1], state[2], state[4], state[3].kind == Kind::boolean && state[3].number != 0};
}

/// _frombuffer(bytes, dtype, shape, "C" or "F"), since protocol 5.
std::optional<ArrayParts> from_buffer(const Heap& heap, const Object& object) {
  constexpr std::size_t kParts = 4;
  if (object.arguments.kind != Kind::tuple || heap.sequence(object.arguments).size() != kParts) return std::nullopt;
  const std::vector<Value>& given = heap.sequence(object.arguments);
  return ArrayParts{given[2], given[1], given[0], given[3].kind == Kind::text && heap.text(given[3]) == "F"};
}

Value array_of(Heap& heap, const ArrayParts& parts) {
  const std::optional<ArrayType> type = array_type(heap, parts.dtype);
  const bool has_bytes = parts.bytes.kind == Kind::bytes || parts.bytes.kind == Kind::text;
  if (!type || !has_bytes || parts.shape.kind != Kind::tuple) {
    return heap.add_problem("is a NumPy array of a type that is not read; save it as float32");
  }
  std::vector<std::uint64_t> shape;
  for (const Value& size : heap.sequence(parts.shape)) {
    const bool is_size = size.kind == Kind::integer && size.number >= 0 && shape.size() < kMaxDimensions;
    if (!is_size) throw BrokenRule{"a NumPy array's shape is not a tuple of integers from 0"};
    shape.push_back(static_cast<std::uint64_t>(size.number));
  }
  const std::optional<std::uint64_t> needed = count_bytes(type->type, shape);
  if (!needed || *needed != heap.text(parts.bytes).size()) {
    throw BrokenRule{"a NumPy array's bytes do not fit its shape"};
  }
  TensorView view{dense_view(std::move(shape), parts.is_fortran)};
  view.type = type->type;
  view.storage = heap.storages.size();
  heap.storages.push_back({.type = type->type,
                           .key = static_cast<std::size_t>(parts.bytes.number),
                           .elements = view.elements,
                           .is_inline = true,
                           .big_endian = type->big_endian});
  return heap.add_tensor(std::move(view));
}

}  // namespace

std::optional<Value> numpy_array(Heap& heap, Value value) {
  if (value.kind != Kind::object) return std::nullopt;
  const Object& object = heap.object(value);
  const Global& global = heap.globals[object.global];
  const bool is_old = is_numpy(global, "multiarray", "_reconstruct");
  if (!is_old && !is_numpy(global, "numeric", "_frombuffer")) return std::nullopt;
  const std::optional<ArrayParts> parts = is_old ? reconstructed(heap, object) : from_buffer(heap, object);
  return parts ? array_of(heap, *parts) : heap.add_problem("is a NumPy array without numbers");
}

}  // namespace kintsugi::pickle
