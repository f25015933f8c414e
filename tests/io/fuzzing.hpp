#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

/// Feeds damaged files to the readers of tensors.
namespace kintsugi::testing {

inline std::uint64_t fuzz_seed() {
  const char* const given = std::getenv("KINTSUGI_FUZZ_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20240229;
}

/// Some bytes changed, removed, doubled or cut off.
inline std::string mutate(std::string bytes, Random& random) {
  const std::uint64_t rounds = 1 + random.below(4);
  for (std::uint64_t i = 0; i < rounds && !bytes.empty(); ++i) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(6)) {
      case 0: bytes[at] = static_cast<char>(random.below(256)); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8))); break;
      case 2: bytes.erase(at, 1 + random.below(8)); break;
      case 3: bytes.insert(at, bytes.substr(at, 1 + random.below(16))); break;
      case 4: bytes.insert(at, 1 + random.below(8), static_cast<char>(random.below(256))); break;
      default:
        if (random.below(8) == 0) bytes.resize(at);
        break;
    }
  }
  return bytes;
}

struct FuzzCounts {
  int read = 0;
  int refused = 0;
};

using TensorReader = std::vector<Tensor> (*)(std::span<const char> file, const std::string& origin);

/// Anything but a parse or an InputError ends the test: another exception, a
/// crash, a sanitizer's report.
inline void try_to_read(TensorReader read, const std::string& bytes, FuzzCounts& counts) {
  try {
    for (const Tensor& tensor : read({bytes.data(), bytes.size()}, "fuzz")) {
      std::size_t elements = 1;
      for (const std::size_t size : tensor.shape) elements *= size;
      ASSERT_EQ(tensor.values.size(), elements);
    }
    ++counts.read;
  } catch (const InputError& error) {
    ASSERT_EQ(std::string(error.what()).rfind("fuzz", 0), 0U) << error.what();
    ++counts.refused;
  }
}

/// Reads `make(valid)`, which must succeed, and then `rounds` times `make` of a damaged `valid`.
template <class Make>
void fuzz(TensorReader read, const std::string& valid, const Make& make, std::uint64_t stream, std::uint64_t rounds) {
  const std::uint64_t seed = fuzz_seed();
  std::cout << "seed " << seed << " (set KINTSUGI_FUZZ_SEED for another)" << std::endl;
  FuzzCounts counts;
  ASSERT_NO_FATAL_FAILURE(try_to_read(read, make(valid), counts));
  ASSERT_EQ(counts.read, 1) << "what is damaged must be valid to begin with";
  for (std::uint64_t i = 0; i < rounds; ++i) {
    Random random(seed, stream, i);
    SCOPED_TRACE(i);
    ASSERT_NO_FATAL_FAILURE(try_to_read(read, make(mutate(valid, random)), counts));
  }
  std::cout << counts.read << " read, " << counts.refused << " refused" << std::endl;
  EXPECT_GT(counts.refused, 0);
}

}  // namespace kintsugi::testing
