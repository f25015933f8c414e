#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kintsugi {

/// A tensor's layer and which of its two parts it is.
struct LayerPart {
  std::string layer;  ///< what stands before `weight` and `bias`, without the separator (one of . _ /)
  bool is_weight = false;
};

/// Nothing where `name` does not end in `weight` or `bias`.
[[nodiscard]] std::optional<LayerPart> part_of(const std::string& name);

/// The number that `name` ends in; nothing where it ends in none. Throws InputError where it is too large for an index.
[[nodiscard]] std::optional<int> trailing_number(const std::string& name, const std::string& origin);

/// Each layer's index by the layers' names. What wrappers put into names (`module`, `_orig_mod` and the like) does not
/// count. Where the numbers that the names end in, or the numbers in names that are alike but for one number, are
/// 0, 1, ..., each once, they are the indices; else a layer's index is its place in `names`.
[[nodiscard]] std::vector<int> indices_of(const std::vector<std::string>& names);

}  // namespace kintsugi
