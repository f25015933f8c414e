#include "io/text_encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kLittleMark = "\xFF\xFE";
constexpr std::string_view kBigMark = "\xFE\xFF";
constexpr std::string_view kLittleMark32("\xFF\xFE\0\0", 4);
constexpr std::string_view kBigMark32("\0\0\xFE\xFF", 4);

/// Byte order of UTF-16 without a mark: digits and separators have a zero byte each, always on the same side.
std::optional<bool> little_endian_by_zeros(std::string_view bytes) {
  constexpr std::size_t kLooked = 4096;
  constexpr std::size_t kFewest = 4;
  bytes = bytes.substr(0, kLooked);
  if (bytes.size() < kFewest) return std::nullopt;
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < bytes.size(); ++i) zeros[i % 2] += bytes[i] == '\0' ? 1 : 0;
  const std::size_t most = bytes.size() / 2;
  // A letter beyond Latin-1 has none, so not every character needs one.
  if (zeros[0] == 0 && 4 * zeros[1] > 3 * most) return true;
  if (zeros[1] == 0 && 4 * zeros[0] > 3 * most) return false;
  return std::nullopt;
}

void append_utf8(std::string& text, std::uint32_t letter) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (letter < 0x80) {
    put(letter);
  } else if (letter < 0x800) {
    put(0xC0 | (letter >> 6));
    put(0x80 | (letter & 0x3F));
  } else if (letter < 0x10000) {
    put(0xE0 | (letter >> 12));
    put(0x80 | ((letter >> 6) & 0x3F));
    put(0x80 | (letter & 0x3F));
  } else {
    put(0xF0 | (letter >> 18));
    put(0x80 | ((letter >> 12) & 0x3F));
    put(0x80 | ((letter >> 6) & 0x3F));
    put(0x80 | (letter & 0x3F));
  }
}

/// UTF-16 without its mark.
void decode_utf16(std::string_view bytes, bool little, const std::string& origin, std::string& text) {
  const std::string name = little ? "UTF-16LE" : "UTF-16BE";
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<std::uint32_t>(little ? first | (second << 8) : second | (first << 8));
  };
  const auto fail = [&](std::size_t at) {
    throw InputError(origin + ": is " + name + " with half a character at byte " + std::to_string(at) +
                     "; save it as UTF-8");
  };
  const auto is_surrogate = [](std::uint32_t value, std::uint32_t first) {
    return value >= first && value < first + 0x400;
  };
  constexpr std::uint32_t kHigh = 0xD800;
  constexpr std::uint32_t kLow = 0xDC00;
  if (bytes.size() % 2 != 0) fail(bytes.size() - 1);
  text.clear();
  text.reserve(bytes.size() / 2);
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t letter = unit(at);
    if (is_surrogate(letter, kLow)) fail(at);
    if (is_surrogate(letter, kHigh)) {
      if (at + 2 == bytes.size() || !is_surrogate(unit(at + 2), kLow)) fail(at);
      letter = 0x10000 + ((letter - kHigh) << 10) + (unit(at + 2) - kLow);
      at += 2;
    }
    append_utf8(text, letter);
  }
}

/// A byte that text does not have: control characters but for tab, line feed, form feed, carriage return, escape, and
/// the end-of-file mark of DOS.
bool is_foreign(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\f' && byte != '\r' && byte != 0x1B && byte != 0x1A;
}

void check_is_text(std::string_view text, const std::string& origin) {
  constexpr std::size_t kLooked = 65536;
  const std::string_view start = text.substr(0, kLooked);
  const auto foreign = std::ranges::find_if(start, is_foreign);
  if (foreign == start.end()) return;
  std::array<char, 8> byte{};
  std::snprintf(byte.data(), byte.size(), "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(*foreign)));
  throw InputError(origin + ": is not text but a binary file (byte " + std::to_string(foreign - start.begin()) +
                   " is " + byte.data() + ")");
}

}  // namespace

std::string_view decode_text(std::span<const char> bytes, const std::string& origin, std::string& store) {
  std::string_view text(bytes.data(), bytes.size());
  if (text.starts_with(kLittleMark32) || text.starts_with(kBigMark32)) {
    throw InputError(origin + ": is encoded in UTF-32; save it as UTF-8");
  }
  std::optional<bool> little;
  if (text.starts_with(kUtf8Mark)) {
    text.remove_prefix(kUtf8Mark.size());
  } else if (text.starts_with(kLittleMark) || text.starts_with(kBigMark)) {
    little = text.starts_with(kLittleMark);
    text.remove_prefix(kLittleMark.size());
  } else {
    little = little_endian_by_zeros(text);
  }
  if (little) {
    decode_utf16(text, *little, origin, store);
    text = store;
  }
  if (text.ends_with('\x1A')) text.remove_suffix(1);  // DOS ended texts so
  check_is_text(text, origin);
  return text;
}

}  // namespace kintsugi
