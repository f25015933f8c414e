#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace kintsugi {

/// A whole file in memory.
class FileBytes {
 public:
  /// Reads a regular file, or a pipe to its end; "-" is the standard input. Throws InputError that names the file where
  /// it cannot be read, is something else or is larger than `limit` bytes.
  explicit FileBytes(const std::filesystem::path& path, std::size_t limit = kNoLimit);

  [[nodiscard]] std::span<const char> bytes() const { return {data_.get(), size_}; }

  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

 private:
  void read_stream(int file, const std::filesystem::path& path, std::size_t limit);

  std::unique_ptr<char[]> data_;  // not zeroed before it is read into
  std::size_t size_ = 0;
};

}  // namespace kintsugi
