#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/elements.hpp"

/// The part of Python's pickle format that a state_dict written by torch.save needs (opcodes of protocols 2 to 5 by
/// allow-list), as a machine that builds plain values and can do nothing else.
namespace kintsugi::pickle {

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,     ///< `number` is a position in Heap::texts
  tuple,    ///< in Heap::sequences
  list,     ///< in Heap::sequences
  dict,     ///< in Heap::dicts
  global,   ///< a Global
  storage,  ///< in Heap::storages
  tensor,   ///< in Heap::tensors
};

/// One value; what has parts is a position in the Heap, so that cycles and depth cost nothing.
struct Value {
  Kind kind = Kind::none;
  std::int64_t number = 0;  ///< the boolean or integer itself, or a position
};

/// A run of elements in the archive's entry `data/<key>`.
struct Storage {
  TensorType type = TensorType::float32;
  std::size_t key = 0;  ///< in Heap::texts
  std::uint64_t elements = 0;
};

/// A strided view of a storage; checked: every element lies inside the storage's declared elements.
struct TensorView : StridedView {
  std::size_t storage = 0;  ///< in Heap::storages
};

struct Heap {
  std::vector<std::string> texts;
  std::vector<std::vector<Value>> sequences;
  std::vector<std::vector<std::pair<Value, Value>>> dicts;
  std::vector<Storage> storages;
  std::vector<TensorView> tensors;
};

struct Result {
  Heap heap;
  Value top;
};

inline constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxOpcodes = 1'000'000;
inline constexpr std::size_t kMaxStack = 100'000;
inline constexpr std::size_t kMaxMemo = kMaxOpcodes;

/// Runs the pickle `code`. Throws InputError that names `origin`, the byte and the rule.
[[nodiscard]] Result run(std::span<const char> code, const std::string& origin);

/// `text` fit for a message: unprintable bytes replaced, long text cut.
[[nodiscard]] std::string printable(const std::string& text);

}  // namespace kintsugi::pickle
