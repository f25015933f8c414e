#include "io/pickle_calls.hpp"

#include <array>
#include <string_view>

namespace kintsugi::pickle {

namespace {

enum class Action { ordered_dict, rebuild_tensor, rebuild_parameter, storage_type };

struct Global {
  std::string_view module;
  std::string_view name;
  Action action;
  TensorType type = TensorType::float32;  ///< of a storage_type
};

constexpr std::array<Global, 7> kGlobals{{
    {"collections", "OrderedDict", Action::ordered_dict},
    {"torch._utils", "_rebuild_tensor_v2", Action::rebuild_tensor},
    {"torch._utils", "_rebuild_parameter", Action::rebuild_parameter},
    {"torch", "FloatStorage", Action::storage_type, TensorType::float32},
    {"torch", "HalfStorage", Action::storage_type, TensorType::float16},
    {"torch", "BFloat16Storage", Action::storage_type, TensorType::bfloat16},
    {"torch", "DoubleStorage", Action::storage_type, TensorType::float64},
}};

const std::vector<Value>& items(const Heap& heap, Value value) {
  return heap.sequences[static_cast<std::size_t>(value.number)];
}

std::vector<std::uint64_t> sizes(const Heap& heap, Value tuple, const std::string& what) {
  if (tuple.kind != Kind::tuple) throw BrokenRule{"a tensor's " + what + " is not a tuple"};
  if (items(heap, tuple).size() > kMaxDimensions) {
    throw BrokenRule{"a tensor has more than " + std::to_string(kMaxDimensions) + " dimensions"};
  }
  std::vector<std::uint64_t> result;
  for (const Value& item : items(heap, tuple)) {
    if (item.kind != Kind::integer || item.number < 0) {
      throw BrokenRule{"a tensor's " + what + " is not a tuple of integers from 0"};
    }
    result.push_back(static_cast<std::uint64_t>(item.number));
  }
  return result;
}

/// Counts the view's elements and checks that the last one lies inside the storage, without overflow.
void check_view(TensorView& view, std::uint64_t storage_elements) {
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
  if (!empty && last >= storage_elements) {
    throw BrokenRule{"a tensor's last element (" + std::to_string(last) + ") lies outside its storage of " +
                     std::to_string(storage_elements) + " elements"};
  }
}

/// _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)
Value rebuild_tensor(Heap& heap, const std::vector<Value>& arguments) {
  if (arguments.size() != 6 && arguments.size() != 7) throw BrokenRule{"_rebuild_tensor_v2 takes 6 or 7 arguments"};
  if (arguments[0].kind != Kind::storage) throw BrokenRule{"a tensor's storage is not a storage"};
  if (arguments[1].kind != Kind::integer || arguments[1].number < 0) {
    throw BrokenRule{"a tensor's storage offset is not an integer from 0"};
  }
  TensorView view;
  view.storage = static_cast<std::size_t>(arguments[0].number);
  view.offset = static_cast<std::uint64_t>(arguments[1].number);
  view.shape = sizes(heap, arguments[2], "shape");
  view.strides = sizes(heap, arguments[3], "strides");
  if (view.shape.size() != view.strides.size()) throw BrokenRule{"a tensor has not as many strides as dimensions"};
  check_view(view, heap.storages[view.storage].elements);
  heap.tensors.push_back(std::move(view));
  return {Kind::tensor, static_cast<std::int64_t>(heap.tensors.size() - 1)};
}

}  // namespace

Value new_dict(Heap& heap) {
  heap.dicts.emplace_back();
  return {Kind::dict, static_cast<std::int64_t>(heap.dicts.size() - 1)};
}

Value find_global(const std::string& module, const std::string& name) {
  for (std::size_t i = 0; i < kGlobals.size(); ++i) {
    if (kGlobals[i].module == module && kGlobals[i].name == name) return {Kind::global, static_cast<std::int64_t>(i)};
  }
  throw BrokenRule{"the global " + printable(module + "." + name) +
                   " is not allowed: a piece is a plain state_dict of floating-point tensors"};
}

Value call(Heap& heap, Value callee, Value arguments) {
  if (callee.kind != Kind::global) throw BrokenRule{"calls what is not a global"};
  if (arguments.kind != Kind::tuple) throw BrokenRule{"a call's arguments are not a tuple"};
  const std::vector<Value>& given = items(heap, arguments);
  switch (kGlobals[static_cast<std::size_t>(callee.number)].action) {
    case Action::ordered_dict:
      if (!given.empty()) throw BrokenRule{"OrderedDict takes no arguments here"};
      return new_dict(heap);
    case Action::rebuild_tensor: return rebuild_tensor(heap, given);
    case Action::rebuild_parameter:  // (data, requires_grad, backward_hooks)
      if (given.size() != 3 || given[0].kind != Kind::tensor)
        throw BrokenRule{"_rebuild_parameter takes a tensor and two more"};
      return given[0];
    case Action::storage_type: break;
  }
  throw BrokenRule{"a storage's type cannot be called"};
}

Value load_storage(Heap& heap, Value id) {
  if (id.kind != Kind::tuple) throw BrokenRule{"a persistent id is not a tuple"};
  const std::vector<Value>& parts = items(heap, id);
  const auto text = [&](Value value) -> const std::string& {
    return heap.texts[static_cast<std::size_t>(value.number)];
  };
  const bool well_formed = parts.size() == 5 && parts[0].kind == Kind::text && text(parts[0]) == "storage" &&
                           parts[1].kind == Kind::global && parts[2].kind == Kind::text &&
                           parts[3].kind == Kind::text && parts[4].kind == Kind::integer && parts[4].number >= 0;
  if (!well_formed) throw BrokenRule{"a persistent id is not (\"storage\", type, key, location, elements)"};
  const Global& type = kGlobals[static_cast<std::size_t>(parts[1].number)];
  if (type.action != Action::storage_type) throw BrokenRule{"a storage's type is not a storage type"};
  heap.storages.push_back(
      {type.type, static_cast<std::size_t>(parts[2].number), static_cast<std::uint64_t>(parts[4].number)});
  return {Kind::storage, static_cast<std::int64_t>(heap.storages.size() - 1)};
}

}  // namespace kintsugi::pickle
