#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "core/random.hpp"
#include "io/expect_error.hpp"
#include "io/import.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

class Csv : public ::testing::Test {
 protected:
  RowsF64 read(const std::string& text) {
    const std::filesystem::path path = folder_.path() / "rows.csv";
    std::ofstream(path, std::ios::binary) << text;
    return read_csv(path);
  }

  void expect_refused(const std::string& text, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(read(text)); }, {"rows.csv"});
    expect_error<InputError>([&] { static_cast<void>(read(text)); }, parts);
  }

  testing::ScratchFolder folder_;
};

TEST_F(Csv, HeaderNamesDecide) {
  const RowsF64 rows = read("true,name,measurement_1,pred,measurement_0\n1,\"a,b\",2,3,4\n5,,6,7,8\n");
  EXPECT_EQ(rows.shape.rows, 2U);
  EXPECT_EQ(rows.shape.width, 2U);
  EXPECT_EQ(rows.shape.outputs, 1U);
  EXPECT_EQ(rows.inputs, (std::vector<double>{4, 2, 8, 6}));
  EXPECT_EQ(rows.predictions, (std::vector<double>{3, 7}));
  EXPECT_EQ(rows.targets, (std::vector<double>{1, 5}));
}

TEST_F(Csv, SeveralOutputsWithoutTargets) {
  const RowsF64 rows = read("pred_2,measurement_0,pred_0,pred_1\n1,2,3,4\n");
  EXPECT_EQ(rows.shape.outputs, 3U);
  EXPECT_EQ(rows.predictions, (std::vector<double>{3, 4, 1}));
  EXPECT_TRUE(rows.targets.empty());
}

TEST_F(Csv, ManyColumnsAreOrderedByNumber) {
  std::string header = "pred";
  std::string line = "0";
  std::vector<double> expected;
  for (int i = 0; i < 120; ++i) {
    header += ",measurement_" + std::to_string(119 - i);
    line.append(",").append(std::to_string(119 - i));
    expected.push_back(i);
  }
  EXPECT_EQ(read(header + "\n" + line).inputs, expected);
}

TEST_F(Csv, LineEndsBlanksQuotesAndByteOrderMark) {
  for (const std::string text :
       {"measurement_0,pred\n1.5,2\n3,-4e-1\n", "measurement_0,pred\r\n1.5,2\r\n3,-4e-1\r\n",
        "measurement_0,pred\n1.5,2\n3,-4e-1", "measurement_0,pred\n1.5,2\n3,-4e-1\n\n\r\n \n",
        "\xEF\xBB\xBFmeasurement_0,pred\n1.5,2\n3,-4e-1", "\"measurement_0\", pred\n 1.5 ,\"2\"\n\t3, -0.4\n"}) {
    const RowsF64 rows = read(text);
    EXPECT_EQ(rows.inputs, (std::vector<double>{1.5, 3})) << text;
    EXPECT_EQ(rows.predictions, (std::vector<double>{2, static_cast<double>(-0.4F)})) << text;
  }
}

TEST_F(Csv, HeaderRules) {
  expect_refused("", {"is empty"});
  expect_refused("a,pred\n1,2\n", {"line 1", "'measurement_0' is missing"});
  expect_refused("measurement_0,measurement_2,pred\n1,2,3\n", {"line 1", "'measurement_1' is missing", "gap"});
  expect_refused("measurement_1,pred\n1,2\n", {"'measurement_0' is missing"});
  expect_refused("measurement_0,true\n1,2\n", {"'pred' (or 'pred_0') is missing"});
  expect_refused("measurement_0,pred_0,pred_2\n1,2,3\n", {"'pred_1' is missing"});
  expect_refused("measurement_0,pred,pred_0\n1,2,3\n", {"both 'pred' and 'pred_N'"});
  expect_refused("measurement_0,pred,pred\n1,2,3\n", {"'pred' appears twice"});
  expect_refused("measurement_0,measurement_0,pred\n1,2,3\n", {"'measurement_0' appears twice"});
  expect_refused("measurement_0,measurement_00,pred\n1,2,3\n", {"appears twice"});
  expect_refused("measurement_0,pred_0,pred_1,true\n1,2,3,4\n", {"1 'true' columns, but 2 'pred' columns"});
  expect_refused("measurement_0,pred\n", {"no rows"});
  expect_refused("measurement_0,pred\n\n\n", {"no rows"});
}

TEST_F(Csv, RowRules) {
  const std::string header = "measurement_0,measurement_1,pred\n1,2,3\n";
  expect_refused(header + "1,2\n", {"line 3", "2 fields instead of 3", "short row"});
  expect_refused(header + "1,2,3,4\n", {"line 3", "more than 3 fields", "long row"});
  expect_refused(header + "1,2,3,\n", {"line 3", "long row"});
  expect_refused(header + "\n1,2,3\n", {"line 3", "is empty"});
  expect_refused(header + "1,,3\n", {"line 3", "column 2 ('measurement_1')", "'' is not a number"});
  expect_refused(header + "1,2x,3\n", {"column 2", "'2x' is not a number"});
  expect_refused(header + "1,2 3,3\n", {"column 2", "'2 3' is not a number"});
  expect_refused(header + "1,--2,3\n", {"column 2", "is not a number"});
  expect_refused(header + "1,.,3\n", {"column 2", "'.' is not a number"});
  expect_refused(header + "1,-,3\n", {"column 2", "'-' is not a number"});
  expect_refused(header + "1,1e,3\n", {"column 2", "is not a number"});
  expect_refused(header + "1,0x10,3\n", {"column 2", "is not a number"});
  expect_refused(header + "1,2,nan\n", {"line 3", "column 3 ('pred')", "is not finite"});
  expect_refused(header + "inf,2,3\n", {"column 1", "is not finite"});
  expect_refused(header + "-inf,2,3\n", {"column 1", "is not finite"});
  expect_refused(header + "1e999,2,3\n", {"column 1", "does not fit a float64"});
  expect_refused(header + "1,2,3\n4,5,6\n7,8,oops", {"line 5", "column 3", "'oops'"});
}

TEST_F(Csv, IgnoredColumnsMayHoldAnything) {
  const RowsF64 rows = read("note,measurement_0,pred\n\"say \"\"hi\"\", you\",1,2\nnan,3,4\n");
  EXPECT_EQ(rows.inputs, (std::vector<double>{1, 3}));
}

TEST_F(Csv, FloatDigitsMeanFloatValues) {
  // 0.1 is no float32 and no float64; nine digits say that a float32 was printed, more say float64. By kind of column.
  const RowsF64 narrow = read("measurement_0,pred\n0.1,0.100000001\n-1.25e-3,16777217\n");
  EXPECT_EQ(narrow.inputs, (std::vector<double>{static_cast<double>(0.1F), static_cast<double>(-1.25e-3F)}));
  EXPECT_EQ(narrow.predictions, (std::vector<double>{static_cast<double>(0.1F), 16777216}));
  const RowsF64 wide = read("measurement_0,pred\n0.1,0.1\n0.12345678901,2\n");
  EXPECT_EQ(wide.inputs, (std::vector<double>{0.1, 0.12345678901}));
  EXPECT_EQ(wide.predictions, (std::vector<double>{static_cast<double>(0.1F), 2}));
  EXPECT_EQ(read("measurement_0,pred\n1e300,2\n").inputs, std::vector<double>{1e300});  // no float32 at all
}

TEST_F(Csv, NumbersAreCorrectlyRounded) {
  const std::uint64_t seed = 7;
  Random random(seed);
  std::string text = "measurement_0,pred\n1.00000000000000001,1.00000000000000001\n";
  std::vector<double> expected{1.0};
  for (int i = 0; i < 3000; ++i) {
    char buffer[64];
    const double value = random.normal() * std::pow(10.0, static_cast<double>(random.below(40)) - 20);
    const int digits = static_cast<int>(random.below(19));
    std::snprintf(buffer, sizeof(buffer), i % 2 == 0 ? "%.*f" : "%.*e", digits, value);
    expected.push_back(std::strtod(buffer, nullptr));
    text += std::string(buffer) + ",1\n";
  }
  EXPECT_EQ(read(text).inputs, expected);
}

TEST_F(Csv, MissingFile) {
  expect_error<InputError>([] { static_cast<void>(read_csv("/nowhere/rows.csv")); },
                           {"/nowhere/rows.csv", "cannot be opened"});
  expect_error<InputError>([&] { static_cast<void>(read_csv(folder_.path())); }, {"not a regular file"});
}

}  // namespace
}  // namespace kintsugi
