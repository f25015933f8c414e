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

// Of table_readers.cpp.
[[nodiscard]] bool read_table_file(std::span<const char> bytes);
[[nodiscard]] bool read_answer_file(std::span<const char> bytes);
[[nodiscard]] bool read_config(std::span<const char> bytes);
[[nodiscard]] bool read_runs_table(std::span<const char> bytes);
[[nodiscard]] bool unpack_archive(std::span<const char> bytes);

}  // namespace kintsugi::fuzzing
