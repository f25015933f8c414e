#include "fuzz/hdf5_mutation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

// HDF5's own; where a build hides it, checksums stay wrong.
extern "C" std::uint32_t H5_checksum_metadata(const void* data, std::size_t length, std::uint32_t start)
    __attribute__((weak));

namespace kintsugi::fuzzing {

namespace {

constexpr std::array<std::string_view, 10> kSignatures{"OHDR", "OCHK", "SNOD", "TREE", "HEAP",
                                                       "GCOL", "FRHP", "FHDB", "BTHD", "\x89HDF"};

std::vector<std::size_t> structures_in(std::string_view bytes) {
  std::vector<std::size_t> places;
  for (const std::string_view signature : kSignatures) {
    for (std::size_t at = bytes.find(signature); at != std::string_view::npos; at = bytes.find(signature, at + 1)) {
      places.push_back(at);
    }
  }
  std::ranges::sort(places);
  return places;
}

template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(Number));
  return value;
}

/// The header's first chunk: "OHDR", version, flags, maybe times and limits, its size, its messages, a checksum.
void mend_checksum(std::string& bytes, std::size_t header) {
  constexpr std::size_t kFlags = 5;
  if (H5_checksum_metadata == nullptr || header + kFlags >= bytes.size()) return;
  const auto flags = static_cast<unsigned char>(bytes[header + kFlags]);
  std::size_t at = header + kFlags + 1;
  if ((flags & 0x20U) != 0) at += 16;
  if ((flags & 0x10U) != 0) at += 4;
  const std::size_t width = std::size_t{1} << (flags & 3U);
  std::uint64_t size = 0;
  if (at + width > bytes.size()) return;
  std::memcpy(&size, bytes.data() + at, width);
  const std::size_t end = at + width + size;
  if (size > bytes.size() || end + sizeof(std::uint32_t) > bytes.size()) return;
  const std::uint32_t sum = H5_checksum_metadata(bytes.data() + header, end - header, 0);
  std::memcpy(bytes.data() + end, &sum, sizeof(sum));
}

std::uint64_t astray(const std::string& bytes, const std::vector<std::size_t>& places, Random& random) {
  switch (random.below(7)) {
    case 0: return 0;
    case 1: return ~std::uint64_t{0};
    case 2: return bytes.size() - random.below(16);
    case 3: return std::uint64_t{1} << random.below(64);
    case 4: return random.below(bytes.size());
    case 5: return random.below(32);
    default: return places[random.below(places.size())];
  }
}

}  // namespace

std::string mutate_structure(std::string bytes, Random& random) {
  const std::vector<std::size_t> places = structures_in(bytes);
  if (places.empty()) return bytes;
  const std::uint64_t changes = 1 + random.below(3);
  for (std::uint64_t change = 0; change < changes; ++change) {
    const std::size_t structure = places[random.below(places.size())];
    constexpr std::size_t kReach = 400;
    const std::size_t at = structure + 4 + random.below(kReach);
    const std::size_t width = std::size_t{1} << random.below(4);
    if (at + 2 * sizeof(std::uint64_t) > bytes.size()) continue;
    std::uint64_t value = astray(bytes, places, random);
    if (random.below(3) == 0) value = number_at<std::uint64_t>(bytes, at) + 1 - 2 * random.below(2);
    if (random.below(4) == 0) value = number_at<std::uint64_t>(bytes, random.below(bytes.size() - sizeof(value)));
    std::memcpy(bytes.data() + at, &value, width);
  }
  for (const std::size_t place : places) {
    if (std::string_view(bytes).substr(place).starts_with("OHDR")) mend_checksum(bytes, place);
  }
  return bytes;
}

}  // namespace kintsugi::fuzzing
