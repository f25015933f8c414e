#include "io/file_sum.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/stop.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kKey = "\nsha256 ";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kLine = kKey.size() + kDigits + 1;

std::string line_of(const std::string& hex) { return std::string(kKey).append(hex).append("\n"); }

/// Where HDF5 notes that somebody has the file open for writing, and takes the note back in the end.
constexpr std::size_t kMark = 20;

bool is_marked_open(std::string_view start) { return start.size() > kMark && start[kMark] == 1; }

/// The last line's bytes; shorter where the file is.
std::string last_line(int file, std::uint64_t size) {
  std::string line(std::min<std::uint64_t>(size, kLine), '\0');
  return read_at(file, line.data(), line.size(), size - line.size()) ? line : "";
}

}  // namespace

std::string RunningSum::line() { return line_of(sum_.hex()); }

std::string sum_line(std::string_view content) {
  RunningSum sum;
  sum.add(content);
  return sum.line();
}

std::string sum_line(int file, std::uint64_t size, const std::string& name) {
  RunningSum sum;
  constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
  std::vector<char> part(std::min(kPart, size));
  for (std::uint64_t at = 0; at < size; at += part.size()) {
    throw_if_stopped();
    const std::size_t count = std::min<std::uint64_t>(part.size(), size - at);
    if (!read_at(file, part.data(), count, at)) throw InputError(name + ": cannot be read: " + system_message(errno));
    if (at == 0 && is_marked_open({part.data(), count})) part[kMark] = 0;
    sum.add({part.data(), count});
  }
  return sum.line();
}

bool has_sum(int file, std::uint64_t size) {
  const std::string line = last_line(file, size);
  return line.size() == kLine && line.starts_with(kKey) && line.back() == '\n' &&
         line.find_first_not_of("0123456789abcdef", kKey.size()) == kLine - 1;
}

void require_right_sum(int file, std::uint64_t size, const std::string& name) {
  if (!has_sum(file, size)) {
    const std::string end = last_line(file, size);
    const std::size_t cut = end.find(kKey);
    if (cut == std::string::npos || end.find_first_not_of("0123456789abcdef", cut + kKey.size()) != std::string::npos) {
      return;
    }
    throw InputError(name + ": is truncated (the checksum at its end is cut off)");
  }
  if (sum_line(file, size - kLine, name) == last_line(file, size)) return;
  throw InputError(name + ": is damaged (its content does not have the checksum that it names)");
}

}  // namespace kintsugi
