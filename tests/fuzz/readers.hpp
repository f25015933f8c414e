#pragma once

#include <array>
#include <span>
#include <string_view>

/// The readers of files that anybody may have made, each as a function of bytes.
namespace kintsugi::fuzzing {

struct Reader {
  std::string_view name;  ///< also of its folder in the corpus
  /// True where the bytes are read, false where they are refused as they should be (InputError). Whatever else is
  /// thrown is a fault.
  bool (*read)(std::span<const char> bytes);
};

[[nodiscard]] std::span<const Reader> readers();

}  // namespace kintsugi::fuzzing
