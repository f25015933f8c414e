#include "io/torch_tensors.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "io/pickle_calls.hpp"

namespace kintsugi::pickle {

namespace {

using Arguments = std::vector<Value>;

void require_count(const Arguments& given, std::string_view name, std::size_t least, std::size_t most) {
  if (given.size() >= least && given.size() <= most) return;
  const std::string range =
      least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  throw BrokenRule{std::string(name).append(" takes ").append(range).append(" arguments, not ") +
                   std::to_string(given.size())};
}

std::vector<std::uint64_t> sizes(const Heap& heap, Value tuple, const std::string& what) {
  if (tuple.kind != Kind::tuple && tuple.kind != Kind::list) throw BrokenRule{"a tensor's " + what + " is not a tuple"};
  const std::vector<Value>& items = heap.sequence(tuple);
  if (items.size() > kMaxDimensions) {
    throw BrokenRule{"a tensor has more than " + std::to_string(kMaxDimensions) + " dimensions"};
  }
  std::vector<std::uint64_t> result;
  result.reserve(items.size());
  for (const Value& item : items) {
    if (item.kind != Kind::integer || item.number < 0) {
      throw BrokenRule{"a tensor's " + what + " is not a tuple of integers from 0 (negative ones are not read)"};
    }
    result.push_back(static_cast<std::uint64_t>(item.number));
  }
  return result;
}

/// Whether a number or boolean is true; nothing for other values.
std::optional<bool> truth(Value value) {
  if (value.kind == Kind::none) return false;
  if (value.kind == Kind::boolean || value.kind == Kind::integer) return value.number != 0;
  return std::nullopt;
}

/// {"conj": True, "neg": True}: marks that numbers are to be conjugated or negated as they are read.
void apply_metadata(const Heap& heap, Value metadata, TensorView& view) {
  if (metadata.kind == Kind::none) return;
  if (metadata.kind != Kind::dict) throw BrokenRule{"a tensor's metadata is not a dict"};
  for (const auto& [key, value] : heap.dict(metadata)) {
    const std::string name = key.kind == Kind::text ? heap.text(key) : "?";
    if (truth(value) == false) continue;
    if (truth(value) && name == "neg") {
      view.negated = true;
    } else if (truth(value) && name == "conj" && is_readable(view.type)) {
      continue;  // real numbers are their own conjugates
    } else {
      view.problem = "has the metadata '" + printable(name) + "', which is not followed; save tensor.resolve_conj()";
    }
  }
}

/// The view that (storage, offset, size, strides) describe, of the storage's type unless `type` says another.
TensorView view_of(const Heap& heap, const Arguments& given, std::optional<TensorType> type) {
  if (given[0].kind != Kind::storage) throw BrokenRule{"a tensor's storage is not a storage"};
  if (given[1].kind != Kind::integer || given[1].number < 0) {
    throw BrokenRule{"a tensor's storage offset is not an integer from 0"};
  }
  TensorView view;
  view.storage = static_cast<std::size_t>(given[0].number);
  const Storage& storage = heap.storages[view.storage];
  if (storage.untyped && !type) throw BrokenRule{"a tensor is over an untyped storage and has no type of its own"};
  view.type = type.value_or(storage.type);
  view.offset = static_cast<std::uint64_t>(given[1].number);
  view.shape = sizes(heap, given[2], "shape");
  view.strides = sizes(heap, given[3], "strides");
  if (view.shape.size() != view.strides.size()) throw BrokenRule{"a tensor has not as many strides as dimensions"};
  check_view(heap, view);
  if (!is_readable(view.type)) {
    view.problem = std::string("has numbers of the type ").append(to_string(view.type)) +
                   ", which are not read; save real numbers in float32 (tensor.dequantize(), tensor.real)";
  }
  return view;
}

std::optional<TensorType> type_of(const Heap& heap, Value dtype) {
  if (dtype.kind != Kind::global || heap.global(dtype).module != "torch") return std::nullopt;
  return find_tensor_type(heap.global(dtype).name);
}

/// _rebuild_tensor(storage, offset, size, strides)
Value rebuild_v1(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_tensor", 4, 4);
  return heap.add_tensor(view_of(heap, given, std::nullopt));
}

/// _rebuild_tensor_v2(storage, offset, size, strides, requires_grad, backward_hooks, metadata=None)
Value rebuild_v2(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_tensor_v2", 6, 7);
  TensorView view = view_of(heap, given, std::nullopt);
  if (given.size() == 7) apply_metadata(heap, given[6], view);
  return heap.add_tensor(std::move(view));
}

/// _rebuild_tensor_v3(storage, offset, size, strides, requires_grad, backward_hooks, dtype, metadata=None)
Value rebuild_v3(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_tensor_v3", 7, 8);
  const std::optional<TensorType> type = type_of(heap, given[6]);
  if (!type) {
    const std::string name = given[6].kind == Kind::global ? heap.global(given[6]).full_name() : "no dtype";
    return heap.add_problem("has numbers of the type " + name + ", which are not read; save them in float32");
  }
  TensorView view = view_of(heap, given, type);
  if (given.size() == 8) apply_metadata(heap, given[7], view);
  return heap.add_tensor(std::move(view));
}

/// A tensor as it is; what made any other value is the problem.
Value tensor_or_problem(Heap& heap, Value value) {
  if (value.kind == Kind::tensor) return value;
  if (const std::optional<Value> array = numpy_array(heap, value)) return *array;
  if (value.kind != Kind::object) throw BrokenRule{"a tensor is made of what is none"};
  return heap.add_problem("is made by " + heap.globals[heap.object(value).global].full_name() +
                          ", which is not read; save it as a plain tensor");
}

/// _rebuild_parameter(data, requires_grad, backward_hooks), _rebuild_parameter_with_state(..., state): what hangs on a
/// parameter does not change its numbers.
Value rebuild_parameter(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_parameter", 3, 4);
  return tensor_or_problem(heap, given[0]);
}

/// _rebuild_device_tensor_from_numpy(array, dtype, device, requires_grad) and its older names: of XLA and the like.
Value rebuild_from_array(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_device_tensor_from_numpy", 4, 4);
  const Value tensor = tensor_or_problem(heap, given[0]);
  const std::optional<TensorType> type = type_of(heap, given[1]);
  if (!heap.tensor(tensor).problem.empty()) return tensor;
  // bfloat16 is kept in float32 arrays, since NumPy has none.
  const bool is_kept_wide = type == TensorType::bfloat16 && heap.tensor(tensor).type == TensorType::float32;
  if (type == heap.tensor(tensor).type || is_kept_wide) return tensor;
  return heap.add_problem("is kept in another type than its own; save tensor.cpu()");
}

bool is_plain_class(const Global& type) {
  constexpr std::array kPlain{"torch.Tensor",
                              "torch._tensor.Tensor",
                              "torch.tensor.Tensor",
                              "torch.nn.parameter.Parameter",
                              "torch.nn.parameter.Buffer",
                              "torch.nn.Parameter",
                              "torch.nn.Buffer"};
  return std::ranges::find(kPlain, type.module + "." + type.name) != kPlain.end();
}

/// _rebuild_from_type(function, class, arguments, state), _rebuild_from_type_v2(...): a tensor of a class.
Value rebuild_from_type(Heap& heap, const Arguments& given) {
  require_count(given, "_rebuild_from_type", 4, 4);
  const bool well_formed =
      given[0].kind == Kind::global && given[1].kind == Kind::global && given[2].kind == Kind::tuple;
  if (!well_formed) throw BrokenRule{"_rebuild_from_type takes a function, a class, a tuple and a state"};
  const Global type = heap.global(given[1]);
  if (!is_plain_class(type)) {
    return heap.add_problem("is a tensor of the class " + type.full_name() +
                            ", which may mean anything; save tensor.as_subclass(torch.Tensor)");
  }
  const Global function = heap.global(given[0]);
  if (function.name.starts_with("_rebuild_from_type")) throw BrokenRule{"_rebuild_from_type calls itself"};
  const Arguments inner = heap.sequence(given[2]);
  if (const std::optional<Value> tensor = rebuild(heap, function, inner)) return *tensor;
  return heap.add_problem("is made by " + function.full_name() + ", which is not read; save it as a plain tensor");
}

using Function = Value (*)(Heap&, const Arguments&);

struct Followed {
  std::string_view name;
  Function make;
};

constexpr std::array kFollowed{
    Followed{"_rebuild_tensor", rebuild_v1},
    Followed{"_rebuild_tensor_v2", rebuild_v2},
    Followed{"_rebuild_tensor_v3", rebuild_v3},
    Followed{"_rebuild_parameter", rebuild_parameter},
    Followed{"_rebuild_parameter_with_state", rebuild_parameter},
    Followed{"_rebuild_from_type", rebuild_from_type},
    Followed{"_rebuild_from_type_v2", rebuild_from_type},
    Followed{"_rebuild_device_tensor_from_numpy", rebuild_from_array},
    Followed{"_rebuild_device_tensor_from_cpu_tensor", rebuild_from_array},
    Followed{"_rebuild_xla_tensor", rebuild_from_array},
    Followed{"_rebuild_mlc_tensor", rebuild_from_array},
    Followed{"_rebuild_ort_tensor", rebuild_from_array},
    Followed{"_rebuild_hpu_tensor", rebuild_from_array},
};

struct Refused {
  std::string_view name;
  std::string_view problem;
};

constexpr std::array kRefused{
    Refused{"_rebuild_sparse_tensor", "is a sparse tensor, which is not read; save tensor.to_dense()"},
    Refused{"_rebuild_sparse_csr_tensor", "is a sparse tensor, which is not read; save tensor.to_dense()"},
    Refused{"_rebuild_nested_tensor", "is a nested tensor, which is not read; save its parts, tensor.unbind()"},
    Refused{"_rebuild_qtensor", "is quantized, which is not read; save tensor.dequantize()"},
    Refused{"_rebuild_meta_tensor_no_storage", "is on the device 'meta': it has a shape, but no numbers"},
    Refused{"_rebuild_wrapper_subclass",
            "is a tensor that wraps others, whose numbers are not in the file; save it as a "
            "plain tensor"},
};

}  // namespace

void check_view(const Heap& heap, TensorView& view) {
  std::uint64_t elements = 1;
  std::uint64_t last = view.offset;
  bool overflow = false;
  bool empty = false;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    empty = empty || view.shape[i] == 0;
    std::uint64_t reach = 0;
    overflow = overflow || __builtin_mul_overflow(elements, view.shape[i], &elements);
    overflow = overflow || (view.shape[i] > 0 && __builtin_mul_overflow(view.shape[i] - 1, view.strides[i], &reach));
    overflow = overflow || __builtin_add_overflow(last, reach, &last);
  }
  view.elements = empty ? 0 : elements;
  if (overflow) throw BrokenRule{"a tensor's shape and strides overflow"};
  const Storage& storage = heap.storages[view.storage];
  std::uint64_t bytes = 0;
  const std::uint64_t size = element_size(storage.type);
  if (__builtin_mul_overflow(storage.own_elements(), size, &bytes)) {
    throw BrokenRule{"a storage declares " + std::to_string(storage.elements) + " elements, more than there can be"};
  }
  const std::uint64_t there = bytes / element_size(view.type);
  if (!empty && last >= there) {
    throw BrokenRule{"a tensor's last element (" + std::to_string(last) + ") lies outside its storage of " +
                     std::to_string(there) + " elements"};
  }
}

std::optional<Value> rebuild(Heap& heap, const Global& global, const std::vector<Value>& arguments) {
  const bool is_torch = global.module == "torch._utils" || global.module == "torch._tensor" ||
                        global.module == "torch.tensor" || global.module == "torch";
  if (!is_torch) return std::nullopt;
  const auto followed = std::ranges::find(kFollowed, global.name, &Followed::name);
  if (followed != kFollowed.end()) return followed->make(heap, arguments);
  const auto refused = std::ranges::find(kRefused, global.name, &Refused::name);
  if (refused != kRefused.end()) return heap.add_problem(std::string(refused->problem));
  if (!global.name.starts_with("_rebuild")) return std::nullopt;
  return heap.add_problem("is made by " + global.full_name() + ", which is not known here; save it as a plain tensor");
}

std::optional<Storage> storage_class(const Global& global) {
  struct Class {
    std::string_view name;
    TensorType type;
    bool untyped = false;
  };
  static constexpr std::array kClasses{
      Class{"FloatStorage", TensorType::float32},
      Class{"HalfStorage", TensorType::float16},
      Class{"BFloat16Storage", TensorType::bfloat16},
      Class{"DoubleStorage", TensorType::float64},
      Class{"BoolStorage", TensorType::boolean},
      Class{"ByteStorage", TensorType::uint8},
      Class{"CharStorage", TensorType::int8},
      Class{"ShortStorage", TensorType::int16},
      Class{"IntStorage", TensorType::int32},
      Class{"LongStorage", TensorType::int64},
      Class{"ComplexFloatStorage", TensorType::complex64},
      Class{"ComplexDoubleStorage", TensorType::complex128},
      Class{"ComplexHalfStorage", TensorType::complex32},
      Class{"QInt8Storage", TensorType::qint8},
      Class{"QUInt8Storage", TensorType::quint8},
      Class{"QInt32Storage", TensorType::qint32},
      Class{"QUInt4x2Storage", TensorType::quint4x2},
      Class{"QUInt2x4Storage", TensorType::quint2x4},
      Class{"UntypedStorage", TensorType::uint8, true},
      Class{"_UntypedStorage", TensorType::uint8, true},
  };
  const bool is_torch = global.module == "torch" || global.module == "torch.storage" || global.module == "torch.cuda";
  if (!is_torch) return std::nullopt;
  const auto found = std::ranges::find(kClasses, global.name, &Class::name);
  if (found == kClasses.end()) return std::nullopt;
  return Storage{.type = found->type, .untyped = found->untyped};
}

}  // namespace kintsugi::pickle
