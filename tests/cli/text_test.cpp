#include "cli/text.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/value.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {
namespace {

TEST(Nearest, FindsTypingErrors) {
  const std::vector<std::string> known{"seed", "islands", "time-limit", "output"};
  EXPECT_EQ(nearest("sede", known), "seed");       // exchanged
  EXPECT_EQ(nearest("seeds", known), "seed");      // added
  EXPECT_EQ(nearest("islans", known), "islands");  // missing
  EXPECT_EQ(nearest("time_limit", known), "time-limit");
  EXPECT_EQ(nearest("tmie-limti", known), "time-limit");
  EXPECT_EQ(nearest("search", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("x", known), "");
}

TEST(TextTable, ColumnsThatDoNotFitFollowBelow) {
  TextTable table({"name", "one", "two", "three"});
  table.add({"a", "1", "22", "333"});
  const auto within = [&](std::size_t columns, std::size_t names) {
    std::ostringstream out;
    table.print_within(out, columns, names);
    return out.str();
  };
  const std::string whole = "  name  one  two  three\n  a       1   22    333\n";
  EXPECT_EQ(within(23, 1), whole);
  EXPECT_EQ(within(22, 1), "  name  one  two\n  a       1   22\n\n  name  three\n  a       333\n");
  EXPECT_EQ(within(22, 2), "  name  one  two\n  a       1   22\n\n  name  one  three\n  a       1    333\n");
  EXPECT_EQ(within(1, 1), "  name  one\n  a       1\n\n  name  two\n  a      22\n\n  name  three\n  a       333\n");
  EXPECT_EQ(within(1, 4), whole) << "nothing is left to follow";
}

TEST(TextTable, LinesUp) {
  TextTable table({"name", "n"});
  table.add({"a", "10"});
  table.add({"longer", ""});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "  name     n\n  a       10\n  longer\n");
}

TEST(Text, NamesSomeOfMany) {
  const std::vector<std::string> words{"3", "5", "8"};
  EXPECT_EQ(some_of(words), "3, 5, 8");
  EXPECT_EQ(some_of(words, 3), "3, 5, 8");
  EXPECT_EQ(some_of(words, 2), "3, 5 and 1 more");
  EXPECT_EQ(some_of({}, 2), "");
}

TEST(Text, CountsAndRanges) {
  EXPECT_EQ(count_of(1, "block"), "1 block");
  EXPECT_EQ(count_of(0, "block"), "0 blocks");
  EXPECT_EQ(range_of(3, 3), "3");
  EXPECT_EQ(range_of(3, 5), "3 to 5");
  EXPECT_EQ(format("%s %d", std::string(300, 'x').c_str(), 7), std::string(300, 'x') + " 7");
}

TEST(Value, DurationsHaveUnits) {
  double seconds = 0;
  const Value value = duration(seconds);
  for (const auto& [text, expected] : std::vector<std::pair<std::string, double>>{{"90", 90},
                                                                                  {"90s", 90},
                                                                                  {"1.5m", 90},
                                                                                  {"2h", 7200},
                                                                                  {"0", 0},
                                                                                  {"1e3", 1000},
                                                                                  {"1h30m", 5400},
                                                                                  {"5min", 300},
                                                                                  {"1d", 86400},
                                                                                  {"1 day 2 hours", 93600},
                                                                                  {"2h 5m 1.5s", 7501.5},
                                                                                  {"1e-05", 1e-5},
                                                                                  {"1e-3s", 1e-3},
                                                                                  {"05:00", 300},
                                                                                  {"1:30:00", 5400},
                                                                                  {"00:00:01.5", 1.5},
                                                                                  {"1-02", 93600},
                                                                                  {"1-02:30", 95400},
                                                                                  {"1-02:30:05", 95405}}) {
    value.store(text);
    EXPECT_EQ(seconds, expected) << text;
  }
  for (const char* const text : {"",   "m",  "5x",     "-1s", "-1",     "30m1h", "1m1m", "1h30", "1:2:3:4", "1:60",
                                 "1:", ":1", "1.5:00", "1-",  "-02:00", "1h:30", "nan",  "inf",  "1e308h",  "0x10"}) {
    EXPECT_THROW(value.store(text), UsageError) << text;
  }
}

TEST(Value, DefaultTextReadsBackToTheDefault) {
  double mse = 1.0 / 3.0;
  double seconds = 0.1;
  std::uint64_t seed = ~std::uint64_t{0};
  int islands = -5;
  bool on = true;
  const std::vector<Value> values{number(mse, 0), duration(seconds), unsigned_integer(seed), integer(islands, -10),
                                  toggle(on)};
  mse = seconds = 7;
  seed = 7;
  islands = 7;
  on = false;
  for (const Value& value : values) value.store(value.default_text);
  EXPECT_EQ(mse, 1.0 / 3.0);
  EXPECT_EQ(seconds, 0.1);
  EXPECT_EQ(seed, ~std::uint64_t{0});
  EXPECT_EQ(islands, -5);
  EXPECT_TRUE(on);
}

TEST(Value, WhatDoesNotFitIsRefusedAndNothingStored) {
  int islands = 3;
  const Value value = integer(islands, 1, 9);
  for (const char* const text : {"", "0", "10", "4.0", " 4", "4 ", "+4", "0x4", "99999999999999999999"}) {
    EXPECT_THROW(value.store(text), UsageError) << text;
  }
  EXPECT_EQ(islands, 3);
}

TEST(Text, ControlCharactersOfFilesAreShownAndNotObeyed) {
  EXPECT_EQ(printable("gr\xC3\xBC\xC3\x9F"
                      "e, \xE2\x82\xAC, \xF0\x9F\x98\x80 a b"),
            "gr\xC3\xBC\xC3\x9F"
            "e, \xE2\x82\xAC, \xF0\x9F\x98\x80 a b");
  EXPECT_EQ(printable("a\n\tb\r\x1b[31m\x7f"), "a\\n\\tb\\x0d\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m");  // a control character of the second kind
  EXPECT_EQ(printable("\xFF\xC0\xAF\xE2\x82"), "\\xff\\xc0\\xaf\\xe2\\x82");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable_lines("one\ntwo\x1b\n", "  "), "one\n  two\\x1b");
}

}  // namespace
}  // namespace kintsugi::cli
