// Every reader takes each file of its corpus, and survives damage to it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/readers.hpp"
#include "io/fuzzing.hpp"

namespace kintsugi {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> corpus_of(std::string_view reader) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& file : fs::directory_iterator(fs::path(KINTSUGI_CORPUS) / reader))
    files.push_back(file);
  std::ranges::sort(files);
  std::vector<std::string> contents;
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return contents;
}

/// Damaged copies of each file; KINTSUGI_FUZZ_ROUNDS makes them more.
std::uint64_t rounds() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const given = std::getenv("KINTSUGI_FUZZ_ROUNDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 300;
}

class Corpus : public ::testing::TestWithParam<fuzzing::Reader> {};

TEST_P(Corpus, IsReadAndItsDamageRefused) {
  const std::vector<std::string> files = corpus_of(GetParam().name);
  ASSERT_FALSE(files.empty());
  std::uint64_t read = 0;
  std::uint64_t refused = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_TRUE(GetParam().read(files[i])) << "file " << i << " in the order of the names";
    for (std::uint64_t round = 0; round < rounds(); ++round) {
      Random random(testing::fuzz_seed(), i, round);
      ++(GetParam().read(testing::mutate(files[i], random)) ? read : refused);
    }
  }
  std::cout << GetParam().name << ": " << files.size() << " files, " << read << " damaged ones read, " << refused
            << " refused\n";
  EXPECT_GT(refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(Readers, Corpus, ::testing::ValuesIn(fuzzing::readers().begin(), fuzzing::readers().end()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace kintsugi
