#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/elements.hpp"

/// Python's pickle format (protocols 0 to 5) as a machine that builds plain values and can do nothing else: no code is
/// ever run or looked for. A few names that PyTorch and NumPy write mean tensors, storages and dicts; all others become
/// objects that only say what would have been made of what.
namespace kintsugi::pickle {

using kintsugi::printable;

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  number,   ///< a real, by its bits; 0 for one written as a text and for an integer beyond 64 bits
  text,     ///< `number` is a position in Heap::texts
  bytes,    ///< in Heap::texts
  tuple,    ///< in Heap::sequences
  list,     ///< in Heap::sequences; sets too
  dict,     ///< in Heap::dicts
  global,   ///< in Heap::globals
  storage,  ///< in Heap::storages
  tensor,   ///< in Heap::tensors
  object,   ///< in Heap::objects
};

/// One value; what has parts is a position in the Heap, so that cycles and depth cost nothing.
struct Value {
  Kind kind = Kind::none;
  std::int64_t number = 0;  ///< the boolean or integer itself, or a position
};

/// The name of a function or class.
struct Global {
  std::string module;
  std::string name;
  [[nodiscard]] std::string full_name() const { return printable(module + "." + name); }
};

/// What a call or a class would have made.
struct Object {
  std::size_t global = 0;                      ///< what was called, in Heap::globals
  Value arguments;                             ///< a tuple, or none
  Value state;                                 ///< what BUILD set; none where it did not
  std::vector<std::pair<Value, Value>> items;  ///< of a class that is a dict, or a list (its keys are none)
};

/// A run of numbers: the archive's entry `data/<key>`, or what the pickle itself holds.
struct Storage {
  TensorType type = TensorType::float32;
  std::size_t key = 0;         ///< in Heap::texts
  std::uint64_t elements = 0;  ///< declared
  bool untyped = false;        ///< `type` is uint8 then, and says nothing
  bool is_inline = false;      ///< the numbers are the text `key`
  bool big_endian = false;     ///< of an inline one
  std::uint64_t first = 0;     ///< where the storage begins in the numbers of `key`, in elements
  std::optional<std::uint64_t> viewed = std::nullopt;  ///< its own elements, where it is but a part of these numbers
  [[nodiscard]] std::uint64_t own_elements() const { return viewed.value_or(elements); }
};

/// A strided view of a storage; checked: every element lies inside the storage's declared elements.
struct TensorView : StridedView {
  TensorType type = TensorType::float32;
  std::size_t storage = 0;  ///< in Heap::storages
  bool negated = false;     ///< its numbers are those of the storage with the other sign
  std::string problem{};    ///< why it cannot be read; empty: it can
};

struct Heap {
  std::vector<std::string> texts;
  std::vector<std::vector<Value>> sequences;
  std::vector<std::vector<std::pair<Value, Value>>> dicts;
  std::vector<Global> globals;
  std::vector<Object> objects;
  std::vector<Storage> storages;
  std::vector<TensorView> tensors;
  std::map<std::pair<std::string, std::string>, std::size_t> places;  ///< of the globals
  bool is_inner = false;                                              ///< of a pickle that lies in another one

  [[nodiscard]] const std::string& text(Value value) const { return texts[static_cast<std::size_t>(value.number)]; }
  [[nodiscard]] const std::vector<Value>& sequence(Value value) const {
    return sequences[static_cast<std::size_t>(value.number)];
  }
  [[nodiscard]] const std::vector<std::pair<Value, Value>>& dict(Value value) const {
    return dicts[static_cast<std::size_t>(value.number)];
  }
  [[nodiscard]] const Global& global(Value value) const { return globals[static_cast<std::size_t>(value.number)]; }
  [[nodiscard]] const Object& object(Value value) const { return objects[static_cast<std::size_t>(value.number)]; }
  [[nodiscard]] const TensorView& tensor(Value value) const { return tensors[static_cast<std::size_t>(value.number)]; }

  [[nodiscard]] Value add_global(const std::string& module, const std::string& name);
  [[nodiscard]] Value add_text(std::string text, Kind kind = Kind::text);
  [[nodiscard]] Value add_sequence(std::vector<Value> values, Kind kind);
  [[nodiscard]] Value add_dict();
  [[nodiscard]] Value add_object(Object object);
  [[nodiscard]] Value add_tensor(TensorView view);
  /// A tensor that cannot be read.
  [[nodiscard]] Value add_problem(std::string problem);
};

struct Result {
  Heap heap;
  Value top;
  std::size_t end = 0;  ///< the byte behind the pickle
};

inline constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxOpcodes = 4'000'000;
inline constexpr std::size_t kMaxStack = 1'000'000;
inline constexpr std::size_t kMaxMemo = kMaxOpcodes;

/// Runs the pickle that `code` begins with; `is_inner`: it lies in another one. Throws InputError that names `origin`,
/// the byte and the rule.
[[nodiscard]] Result run(std::span<const char> code, const std::string& origin, bool is_inner = false);

}  // namespace kintsugi::pickle
