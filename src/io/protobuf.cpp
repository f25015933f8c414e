// The wire format alone (protobuf.dev/programming-guides/encoding): fields by number, without their names and types.

#include "io/protobuf.hpp"

#include <cstring>

#include "kintsugi/core/error.hpp"

namespace kintsugi::protobuf {

namespace {

[[noreturn]] void fail(const std::string& place, const char* what) {
  throw InputError(place + ": is damaged or cut short: " + what);
}

/// Takes values off the front of a message.
class Reader {
 public:
  Reader(std::span<const char> rest, const std::string& place) : rest_(rest), place_(place) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80U) return value;
    }
    fail(place_, "a number has more than 64 bits");
  }

  std::uint64_t fixed(std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }

  std::span<const char> bytes() { return take(number()); }

 private:
  std::span<const char> take(std::uint64_t size) {
    if (size > rest_.size()) fail(place_, "a field reaches beyond its end");
    const std::span<const char> taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const char> rest_;
  const std::string& place_;
};

}  // namespace

std::vector<Field> fields_of(std::span<const char> message, const std::string& place) {
  constexpr std::size_t kMost = 1'000'000;
  constexpr std::uint64_t kHighest = (std::uint64_t{1} << 29) - 1;
  std::vector<Field> fields;
  for (Reader reader(message, place); !reader.done();) {
    const std::uint64_t key = reader.number();
    if (key >> 3 == 0 || key >> 3 > kHighest) fail(place, "a field has no number");
    Field field{.number = static_cast<std::uint32_t>(key >> 3), .kind = {}, .bytes = {}};
    switch (key & 7U) {
      case 0: field.value = reader.number(); break;
      case 1:
        field.kind = Field::Kind::fixed64;
        field.value = reader.fixed(8);
        break;
      case 2:
        field.kind = Field::Kind::bytes;
        field.bytes = reader.bytes();
        break;
      case 5:
        field.kind = Field::Kind::fixed32;
        field.value = reader.fixed(4);
        break;
      default: fail(place, "a field of a kind that is not in use");
    }
    if (fields.size() == kMost) fail(place, "it has more than 1,000,000 fields");
    fields.push_back(field);
  }
  return fields;
}

void append_numbers(const Field& field, const std::string& place, std::vector<std::uint64_t>& numbers) {
  if (field.kind == Field::Kind::number) {
    numbers.push_back(field.value);
  } else if (field.kind == Field::Kind::bytes) {
    for (Reader reader(field.bytes, place); !reader.done();) numbers.push_back(reader.number());
  } else {
    fail(place, "whole numbers of the wrong kind");
  }
}

}  // namespace kintsugi::protobuf
