#include "io/pickle_calls.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "io/torch_stream.hpp"
#include "io/torch_tensors.hpp"

namespace kintsugi::pickle {

namespace {

struct Name {
  std::string_view module;
  std::string_view name;  ///< empty: all of the module
};

/// What makes a pickle run commands or code of its own when Python loads it.
constexpr std::array kHarmful{
    Name{"os", ""},
    Name{"posix", ""},
    Name{"nt", ""},
    Name{"subprocess", ""},
    Name{"pty", ""},
    Name{"commands", ""},
    Name{"runpy", ""},
    Name{"socket", ""},
    Name{"shutil", ""},
    Name{"ctypes", ""},
    Name{"importlib", ""},
    Name{"webbrowser", ""},
    Name{"requests", ""},
    Name{"urllib.request", ""},
    Name{"sys", ""},
    Name{"code", ""},
    Name{"pdb", ""},
    Name{"timeit", ""},
    Name{"builtins", "eval"},
    Name{"builtins", "exec"},
    Name{"builtins", "compile"},
    Name{"builtins", "open"},
    Name{"builtins", "__import__"},
    Name{"builtins", "execfile"},
    Name{"__builtin__", "eval"},
    Name{"__builtin__", "exec"},
    Name{"__builtin__", "compile"},
    Name{"__builtin__", "open"},
    Name{"__builtin__", "__import__"},
    Name{"__builtin__", "execfile"},
    Name{"torch.hub", ""},
    Name{"torch.serialization", "load"},
    Name{"torch", "load"},
};

constexpr std::array kDicts{
    Name{"collections", "OrderedDict"}, Name{"collections", "defaultdict"}, Name{"builtins", "dict"},
    Name{"__builtin__", "dict"},        Name{"collections", "Counter"},
};

bool is_in(const auto& names, const Global& global) {
  return std::ranges::any_of(names, [&](const Name& each) {
    return each.module == global.module && (each.name.empty() || each.name == global.name);
  });
}

bool is(const Global& global, std::string_view module, std::string_view name) {
  return global.module == module && global.name == name;
}

/// A dict of the items that Python 2's OrderedDict and dict() are given: [(key, value), ...].
Value dict_of(Heap& heap, const std::vector<Value>& arguments) {
  const Value result = heap.add_dict();
  const bool has_list = arguments.size() == 1 && (arguments[0].kind == Kind::list || arguments[0].kind == Kind::tuple);
  if (!has_list) return result;
  for (const Value& item : heap.sequence(arguments[0])) {
    const bool is_pair = (item.kind == Kind::list || item.kind == Kind::tuple) && heap.sequence(item).size() == 2;
    if (!is_pair) throw BrokenRule{"an OrderedDict is made of what are not pairs"};
    heap.dicts.back().emplace_back(heap.sequence(item)[0], heap.sequence(item)[1]);
  }
  return result;
}

/// _codecs.encode(text, "latin1"): how protocol 2 writes bytes. Nothing where the text has other characters.
std::optional<std::string> latin1(const std::string& text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes += text[i];
      continue;
    }
    const bool two = (first == 0xC2 || first == 0xC3) && i + 1 < text.size();
    if (!two) return std::nullopt;
    bytes += static_cast<char>(((first & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
  }
  return bytes;
}

/// torch.storage._load_from_bytes(bytes): how pickle.dump writes a storage, as a file of torch.save within the pickle.
Value inner_storage(Heap& heap, Value bytes) {
  if (bytes.kind != Kind::bytes || heap.is_inner)
    throw BrokenRule{"_load_from_bytes is not given the bytes of a storage"};
  const TorchStream stream = read_torch_stream(heap.text(bytes), "_load_from_bytes");
  if (stream.pickle.top.kind != Kind::storage) throw BrokenRule{"_load_from_bytes is given other than a storage"};
  Storage storage = stream.pickle.heap.storages[static_cast<std::size_t>(stream.pickle.top.number)];
  const auto found = stream.storages.find(stream.pickle.heap.texts[storage.key]);
  if (found == stream.storages.end()) throw BrokenRule{"a storage's numbers are missing"};
  storage.key = static_cast<std::size_t>(heap.add_text({found->second.begin(), found->second.end()}).number);
  storage.is_inline = true;
  heap.storages.push_back(storage);
  return {Kind::storage, static_cast<std::int64_t>(heap.storages.size() - 1)};
}

}  // namespace

Value find_global(Heap& heap, const std::string& module, const std::string& name) {
  const Global global{module, name};
  if (is_in(kHarmful, global)) {
    throw BrokenRule{"the global " + global.full_name() +
                     " is not allowed: Python would run it when it loads this file, and no file of weights needs it"};
  }
  return heap.add_global(module, name);
}

Value call(Heap& heap, Value callee, Value arguments) {
  if (callee.kind == Kind::object) {  // a method, by getattr(): what it makes is as unknown as what it belongs to
    return heap.add_object({heap.object(callee).global, arguments, {}, {}});
  }
  if (callee.kind != Kind::global) throw BrokenRule{"calls what is not a global"};
  if (arguments.kind != Kind::tuple) throw BrokenRule{"a call's arguments are not a tuple"};
  const Global global = heap.global(callee);
  const std::vector<Value> given = heap.sequence(arguments);
  if (is_in(kDicts, global)) return dict_of(heap, given);
  if (const std::optional<Value> tensor = rebuild(heap, global, given)) return *tensor;
  if (is(global, "torch", "Size") && given.size() == 1) return given[0];
  if (is(global, "_codecs", "encode") && !given.empty() && given[0].kind == Kind::text) {
    if (std::optional<std::string> bytes = latin1(heap.text(given[0]))) {
      return heap.add_text(std::move(*bytes), Kind::bytes);
    }
  }
  if (is(global, "torch.storage", "_load_from_bytes") && given.size() == 1) return inner_storage(heap, given[0]);
  const bool is_copied = is(global, "copyreg", "_reconstructor") || is(global, "copy_reg", "_reconstructor");
  if (is_copied && !given.empty() && given[0].kind == Kind::global) {
    if (is_in(kDicts, heap.global(given[0]))) return heap.add_dict();
    return heap.add_object({static_cast<std::size_t>(given[0].number), arguments, {}, {}});
  }
  return heap.add_object({static_cast<std::size_t>(callee.number), arguments, {}, {}});
}

Value load_persistent(Heap& heap, Value id) {
  if (id.kind != Kind::tuple) throw BrokenRule{"a persistent id is not a tuple"};
  const std::vector<Value>& parts = heap.sequence(id);
  const bool is_module = parts.size() == 4 && parts[0].kind == Kind::text && heap.text(parts[0]) == "module" &&
                         parts[1].kind == Kind::global;
  if (is_module) return parts[1];
  const bool well_formed = (parts.size() == 5 || parts.size() == 6) && parts[0].kind == Kind::text &&
                           heap.text(parts[0]) == "storage" && parts[1].kind == Kind::global &&
                           parts[2].kind == Kind::text && parts[4].kind == Kind::integer && parts[4].number >= 0;
  if (!well_formed) throw BrokenRule{"a persistent id is not (\"storage\", type, key, location, elements)"};
  std::optional<Storage> storage = storage_class(heap.global(parts[1]));
  if (!storage) {
    throw BrokenRule{heap.global(parts[1]).full_name() + " is not a storage type that is known here"};
  }
  storage->key = static_cast<std::size_t>(parts[2].number);
  storage->elements = static_cast<std::uint64_t>(parts[4].number);
  if (parts.size() == 6 && parts[5].kind != Kind::none) {  // (its own key, first element, elements) in a larger one
    const bool is_view = parts[5].kind == Kind::tuple && heap.sequence(parts[5]).size() == 3;
    if (!is_view) throw BrokenRule{"a storage's view is not (key, first element, elements)"};
    const Value first = heap.sequence(parts[5])[1];
    const Value elements = heap.sequence(parts[5])[2];
    const bool fits = first.kind == Kind::integer && elements.kind == Kind::integer && first.number >= 0 &&
                      elements.number >= 0 && first.number <= parts[4].number &&
                      elements.number <= parts[4].number - first.number;
    if (!fits) throw BrokenRule{"a storage's view lies outside the storage"};
    storage->first = static_cast<std::uint64_t>(first.number);
    storage->viewed = static_cast<std::uint64_t>(elements.number);
  }
  heap.storages.push_back(*storage);
  return {Kind::storage, static_cast<std::int64_t>(heap.storages.size() - 1)};
}

}  // namespace kintsugi::pickle
