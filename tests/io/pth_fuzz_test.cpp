#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "io/pth_writer.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/random.hpp"
#include "kintsugi/io/pth.hpp"

namespace kintsugi {
namespace {

std::uint64_t fuzz_seed() {
  const char* const given = std::getenv("KINTSUGI_FUZZ_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20240229;
}

/// Some bytes changed, removed, doubled or cut off.
std::string mutate(std::string bytes, Random& random) {
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

struct Counts {
  int read = 0;
  int refused = 0;
};

/// Anything but a parse or an InputError ends the test: another exception, a crash, a sanitizer's report.
void try_to_read(const std::string& bytes, Counts& counts) {
  try {
    for (const Tensor& tensor : read_state_dict({bytes.data(), bytes.size()}, "fuzz.pth")) {
      std::size_t elements = 1;
      for (const std::size_t size : tensor.shape) elements *= size;
      ASSERT_EQ(tensor.values.size(), elements);
    }
    ++counts.read;
  } catch (const InputError& error) {
    ASSERT_EQ(std::string(error.what()).rfind("fuzz.pth", 0), 0U) << error.what();
    ++counts.refused;
  }
}

std::string valid_pickle() {
  testing::Pickle pickle;
  pickle.ordered_dict().raw("q\x01").mark();
  pickle.text("weight").tensor("FloatStorage", "0", 12, 0, {4, 3}, {3, 1}).raw("q\x02");
  pickle.text("bias").tensor("HalfStorage", "1", 8, 2, {4}, {1}).raw("u");
  pickle.raw("}").text("_metadata").raw("h\x01sb");
  return pickle.finish();
}

std::string archive_of(const std::string& pickle) {
  return testing::pth_archive(pickle, {{"0", testing::bytes_of(std::vector<float>(12, 0.5F))},
                                       {"1", testing::bytes_of(std::vector<std::uint16_t>(8, 0x3C00))}});
}

TEST(PthFuzz, MutatedArchives) {
  const std::uint64_t seed = fuzz_seed();
  std::cout << "seed " << seed << " (set KINTSUGI_FUZZ_SEED for another)" << std::endl;
  const std::string valid = archive_of(valid_pickle());
  Counts counts;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Random random(seed, 1, i);
    SCOPED_TRACE(i);
    ASSERT_NO_FATAL_FAILURE(try_to_read(mutate(valid, random), counts));
  }
  std::cout << counts.read << " read, " << counts.refused << " refused" << std::endl;
  EXPECT_GT(counts.refused, 0);
}

TEST(PthFuzz, MutatedPickles) {
  const std::uint64_t seed = fuzz_seed();
  std::cout << "seed " << seed << std::endl;
  const std::string valid = valid_pickle();
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(try_to_read(archive_of(valid), counts));
  ASSERT_EQ(counts.read, 1) << "the pickle to start from must be valid";
  for (std::uint64_t i = 0; i < 4000; ++i) {
    Random random(seed, 2, i);
    SCOPED_TRACE(i);
    ASSERT_NO_FATAL_FAILURE(try_to_read(archive_of(mutate(valid, random)), counts));
  }
  std::cout << counts.read << " read, " << counts.refused << " refused" << std::endl;
  EXPECT_GT(counts.refused, 0);
}

}  // namespace
}  // namespace kintsugi
