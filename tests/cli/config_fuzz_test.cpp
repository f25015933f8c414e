// Damaged config files are read or refused in the file's name.

#include <gtest/gtest.h>

#include "cli/config_file.hpp"
#include "io/fuzzing.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {
namespace {

TEST(ConfigFuzz, EveryDamagedFileIsReadOrRefused) {
  const std::string valid = "\xEF\xBB\xBF; remark\r\n[group]\r\nseed = 3 # three\r\noutput=\"s #1.h5\" ; quoted\r\n";
  ASSERT_EQ(parse_config_lines(valid, "fuzz").size(), 2U);
  const char* const given = std::getenv("KINTSUGI_FUZZ_ROUNDS");
  const std::uint64_t rounds = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'000;
  int refused = 0;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    Random random(testing::fuzz_seed(), 7, i);
    SCOPED_TRACE(i);
    try {
      for (const ConfigLine& line : parse_config_lines(testing::mutate(valid, random), "fuzz")) {
        ASSERT_FALSE(line.name.empty());
      }
    } catch (const UsageError& error) {
      ASSERT_EQ(std::string(error.what()).rfind("fuzz", 0), 0U) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace kintsugi::cli
