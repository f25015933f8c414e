#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi::protobuf {

/// A field of a message, as the wire format of protocol buffers has it.
struct Field {
  enum class Kind : std::uint8_t { number, fixed64, bytes, fixed32 };
  std::uint32_t number = 0;
  Kind kind = Kind::number;
  std::uint64_t value = 0;  ///< of a number, or the bits of a fixed one
  std::span<const char> bytes;

  [[nodiscard]] std::string_view text() const { return {bytes.data(), bytes.size()}; }
};

/// The fields of a message, in the order of the file; they point into `message`. Groups, which are out of use, are
/// refused. Throws InputError that begins with `place` where the message is damaged.
[[nodiscard]] std::vector<Field> fields_of(std::span<const char> message, const std::string& place);

/// Whole numbers of a repeated field: the one of `field`, or all that it packs.
void append_numbers(const Field& field, const std::string& place, std::vector<std::uint64_t>& numbers);

}  // namespace kintsugi::protobuf
