#include "io/file_sum.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "core/stop.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kKey = "\nsha256 ";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kLine = kKey.size() + kDigits + 1;

std::string line_of(const std::string& hex) { return std::string(kKey).append(hex).append("\n"); }

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kHex[value >> 4U];
    text += kHex[value & 15U];
  }
  return text;
}

/// Where HDF5 notes that somebody has the file open for writing, and takes the note back in the end.
constexpr std::size_t kMark = 20;

bool is_marked_open(std::string_view start) { return start.size() > kMark && start[kMark] == 1; }

/// The last line's bytes; shorter where the file is.
std::string last_line(int file, std::uint64_t size) {
  std::string line(std::min<std::uint64_t>(size, kLine), '\0');
  return read_at(file, line.data(), line.size(), size - line.size()) ? line : "";
}

}  // namespace

std::string sum_line(std::string_view content) { return line_of(sha256_hex(content)); }

std::string sum_line(int file, std::uint64_t size, const std::string& name) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    throw InternalError("no SHA-256 can be worked out");
  }
  constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
  std::vector<char> part(std::min(kPart, size));
  for (std::uint64_t at = 0; at < size; at += part.size()) {
    throw_if_stopped();
    const std::size_t count = std::min<std::uint64_t>(part.size(), size - at);
    if (!read_at(file, part.data(), count, at)) throw InputError(name + ": cannot be read: " + system_message(errno));
    if (at == 0 && is_marked_open({part.data(), count})) part[kMark] = 0;
    EVP_DigestUpdate(context.get(), part.data(), count);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  return line_of(hex_of({reinterpret_cast<const char*>(digest.data()), length}));
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
