#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/sha256.hpp"

namespace kintsugi {

/// kintsugi's own files end with a line of their own, behind what HDF5 knows of: a SHA-256 of all bytes before it. HDF5
/// leaves it out where it changes a file, which then has none; its note that somebody has the file open for writing
/// does not count.
[[nodiscard]] std::string sum_line(std::string_view content);
/// The same of content that comes in parts.
class RunningSum {
 public:
  void add(std::string_view part) { sum_.add(part); }
  [[nodiscard]] std::string line();

 private:
  Sha256 sum_;
};
/// The same of the first `size` bytes of an open file, from its beginning. Throws InputError that begins with `name`
/// where they cannot be read.
[[nodiscard]] std::string sum_line(int file, std::uint64_t size, const std::string& name);

/// Whether the last line of an open file of `size` bytes is a checksum.
[[nodiscard]] bool has_sum(int file, std::uint64_t size);
/// Throws InputError that begins with `name` where there is such a line and it is not that of the bytes before it.
void require_right_sum(int file, std::uint64_t size, const std::string& name);

}  // namespace kintsugi
