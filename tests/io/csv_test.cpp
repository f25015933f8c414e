#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>

#include "core/random.hpp"
#include "io/decimal.hpp"
#include "io/expect_error.hpp"
#include "io/table.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

class Csv : public ::testing::Test {
 protected:
  RowsF64 read(const std::string& text) {
    const std::filesystem::path path = folder_.path() / "rows.csv";
    std::ofstream(path, std::ios::binary) << text;
    return read_table(path, options_).rows;
  }

  /// Inputs 1.5, 3 and predictions -2, 0.25: what every spelling of one table comes to.
  void expect_the_table(const std::string& text) {
    SCOPED_TRACE(text);
    const RowsF64 rows = read(text);
    EXPECT_EQ(rows.inputs, (std::vector<double>{1.5, 3}));
    EXPECT_EQ(rows.predictions, (std::vector<double>{-2, 0.25}));
  }

  void expect_refused(const std::string& text, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(read(text)); }, {"rows.csv"});
    expect_error<InputError>([&] { static_cast<void>(read(text)); }, parts);
  }

  testing::ScratchFolder folder_;
  TableOptions options_;
};

TEST_F(Csv, PredictionsMayBeLeftOut) {
  options_.without_predictions = true;
  options_.shapes = {{2, 1}};
  for (const char* const text :
       {"measurement_1,measurement_0\n1,2\n3,4\n", "measurement_1,pred,measurement_0,true_0\n1,x,2,\n3,,4,9\n",
        "b,a\n2,1\n4,3\n", "2,1\n4,3\n", "2,1,7\n4,3,7\n"}) {
    const RowsF64 rows = read(text);
    EXPECT_EQ(rows.shape.rows, 2U) << text;
    EXPECT_EQ(rows.shape.width, 2U) << text;
    EXPECT_EQ(rows.shape.outputs, 0U) << text;
    EXPECT_EQ(rows.inputs, (std::vector<double>{2, 1, 4, 3})) << text;
    EXPECT_TRUE(rows.predictions.empty()) << text;
    EXPECT_TRUE(rows.targets.empty()) << text;
  }
  expect_refused("pred,x\n1,2\n", {"'measurement_0' is missing"});
  options_.without_predictions = false;
  expect_refused("measurement_0,measurement_1\n1,2\n", {"'pred' (or 'pred_0') is missing", "--without-predictions"});
}

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
  expect_refused(header + "1, ,3\n", {"column 2", "'' is not a number", "blank"});
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

TEST_F(Csv, SeparatorsAreFound) {
  for (const char separator : {',', ';', '\t', '|', ' '}) {
    const std::string sign(1, separator);
    expect_the_table("measurement_0" + sign + "pred\n1.5" + sign + "-2\n3" + sign + "0.25\n");
  }
  expect_the_table("  measurement_0   pred\n   1.5    -2  \n\t3 \t  0.25\n");  // columns of a fixed width
  expect_the_table("sep=;\r\nmeasurement_0;pred\r\n1.5;-2\r\n3;0.25\r\n");
  expect_the_table("\"sep=|\"\nmeasurement_0|pred\n1.5|-2\n3|0.25\n");
  expect_the_table("measurement_0,\"note; or, not\",pred\n1.5,a;b,-2\n3,\"c,d\",0.25\n");
  expect_refused("measurement_0:pred\n1:2\n", {"line 1", "one field", "none of , ; tab |"});
}

TEST_F(Csv, LineEnds) {
  expect_the_table("measurement_0,pred\r1.5,-2\r3,0.25\r");
  expect_the_table("measurement_0,pred\r\r\n1.5,-2\r\r\n3,0.25\r\r\n");
  expect_the_table("measurement_0,pred\n1.5,-2\n3,0.25\n\x1A");
  expect_the_table("\n\nmeasurement_0,pred\n1.5,-2\n3,0.25\n,\n,\n");  // rows that a spreadsheet left empty
  expect_refused("measurement_0,pred\n1,2\n,\n3,4\n", {"line 3", "is empty"});
}

TEST_F(Csv, QuotesAsSpreadsheetsWriteThem) {
  expect_the_table("\"measurement_0\",\"pred\"\n\"1.5\",\"-2\"\n\"3\",\"0.25\"\n");
  expect_the_table("\"note\"\"s\",measurement_0,pred\n\"two\nlines, \"\"quoted\"\"\",1.5,-2\n\"\",3,0.25\n");
  expect_refused("note,measurement_0,pred\n\"a\nb\",1,2\nc,x,4\n", {"line 4", "'x'"});  // lines in quotes count
  expect_refused("note,measurement_0,pred\na,1,2\n\"b,3,4\nc,5,6\n", {"line 3", "never closed"});
}

TEST_F(Csv, DecimalCommas) {
  expect_the_table("measurement_0;pred\n1,5;-2\n3;0,25\n");
  expect_the_table("measurement_0\tpred\n1,5\t-2\n3\t+2,5E-1\n");
  expect_the_table("measurement_0,pred\n\"1,5\",-2\n3,\"0,25\"\n");
  expect_refused("measurement_0;pred\n1,5;2\n1.5;2,25\n2,5;3\n", {"line 3", "'1.5'", "decimal point"});
  expect_refused("measurement_0;pred\n1.5;2\n1,5;2\n2.5;3\n", {"line 3", "'1,5'", "decimal comma"});
  // 1,234 is a little more than one, or a thousand: only another number can tell.
  expect_refused("measurement_0;pred\n1,234;2\n5,678;3\n",
                 {"line 2", "'1,234'", "may be a decimal comma or group thousands"});
  EXPECT_EQ(read("measurement_0;pred\n1,234;2\n0,678;3\n").predictions, (std::vector<double>{2, 3}));
}

TEST_F(Csv, SpellingsOfNumbers) {
  expect_the_table("measurement_0,pred\n+1.5,-2.\n3,.25\n");
  expect_the_table(
      "measurement_0,pred\n1.5D+00,\xE2\x88\x92"
      "2\n03,2.5d-1\n");
  const RowsF64 tiny = read("measurement_0,pred\n1e-400,-1e-4000\n4.9406564584124654e-324,0.0\n");
  EXPECT_EQ(tiny.inputs[0], 0.0);
  EXPECT_EQ(tiny.predictions[0], 0.0);
  expect_refused("measurement_0,pred\n1,-1e4000\n", {"does not fit a float64"});
  expect_refused("measurement_0,pred\n1,++2\n", {"is not a number"});
  expect_refused("measurement_0,pred\n1,+-2\n", {"is not a number"});
  for (const std::string word : {"NA", "null", "None", "#N/A"}) {
    expect_refused("measurement_0,pred\n1," + word + "\n", {"line 2", "'" + word + "'", "missing value"});
  }
  for (const std::string word : {"NaN", "-nan", "-nan(ind)", "Infinity", "-Inf", "1.#QNAN", "#DIV/0!"}) {
    expect_refused("measurement_0,pred\n1," + word + "\n", {"line 2", "'" + word + "'", "is not finite"});
  }
  for (const std::string number : {"\"1,234.5\"", "1 234.5", "1'234", "1_000",
                                   "1\xC2\xA0"
                                   "234"}) {
    expect_refused("measurement_0,pred\n1," + number + "\n1,2.5\n1,3.5\n1,2.5\n", {"line 2", "thousands separators"});
  }
  expect_refused("measurement_0;pred\n1;1.234,5\n1;2,5\n1;3,25\n", {"line 2", "'1.234,5'", "thousands separators"});
}

TEST_F(Csv, CommentLines) {
  expect_the_table("# made by an instrument\n% and one more\nmeasurement_0,pred\n1.5,-2\n# half time\n3,0.25\n# end\n");
  expect_the_table("# remark\n# measurement_0,pred\n1.5,-2\n3,0.25\n");  // numpy.savetxt(header=...)
  expect_the_table("# measurement_0 pred\n1.5 -2\n3 0.25\n");
  expect_the_table("# measurement_0,pred\n1.5 -2\n3 0.25\n");
  expect_refused("measurement_0,pred\n1.5,-2\n#3,0.25\n", {"line 3", "starts like a comment"});
  expect_refused("# nothing\n# else\n", {"every line is a comment"});
}

TEST_F(Csv, RowsWithMoreFieldsThanTheHeader) {
  expect_the_table("measurement_0,pred\n\"1\",1.5,-2\n\"2\",3,0.25\n");  // R's write.table: names of rows
  expect_the_table("measurement_0,pred\n1.5,-2,\n3,0.25,\n");
  expect_the_table(",measurement_0,pred\n0,1.5,-2\n1,3,0.25\n");
}

TEST_F(Csv, ColumnsThatAreNamed) {
  options_.inputs = "x1..x2";
  options_.predictions = "y";
  RowsF64 rows = read("t,x1,x2,y\n9,1,2,3\n");
  EXPECT_EQ(rows.inputs, (std::vector<double>{1, 2}));
  EXPECT_EQ(rows.predictions, std::vector<double>{3});
  options_.inputs = "x2, x1";
  EXPECT_EQ(read("t,x1,x2,y\n9,1,2,3\n").inputs, (std::vector<double>{2, 1}));
  options_.inputs = "x*";
  EXPECT_EQ(read("t,x2,x10,x1,y\n9,2,10,1,3\n").inputs, (std::vector<double>{1, 2, 10}));
  options_.inputs = "2-3";
  options_.predictions = "4";
  options_.targets = "1";
  rows = read("9,1,2,3.5\n");
  EXPECT_EQ(rows.inputs, (std::vector<double>{1, 2}));
  EXPECT_EQ(rows.predictions, std::vector<double>{3.5});
  EXPECT_EQ(rows.targets, std::vector<double>{9});
  expect_refused("0,1,2,3\n5,6,7,8.5\n", {"'3' would have two meanings"});  // a name counts before a number
  options_ = {};
  options_.inputs = "a..c";
  expect_refused("a,b,pred\n1,2,3\n", {"line 1", "--inputs", "no column 'a..c'", "'a', 'b', 'pred'"});
  options_.inputs = "b..a";
  expect_refused("a,b,pred\n1,2,3\n", {"runs backwards"});
  options_.inputs = "a,b,pred";
  options_.predictions = "pred";
  expect_refused("a,b,pred\n1,2,3\n", {"'pred' would have two meanings"});
}

TEST_F(Csv, ColumnsThatAreClear) {
  EXPECT_EQ(read("y_pred,x_1,x_0\n1,2,3\n").inputs, (std::vector<double>{3, 2}));
  options_.shapes = {{2, 1}};
  EXPECT_EQ(read("id,height,width,Predictions,y_true\n7,1,2,3,4\n").inputs, (std::vector<double>{1, 2}));
  EXPECT_EQ(read("x1,x2,y\n1,2,3\n").predictions, std::vector<double>{3});
  EXPECT_EQ(read("1,2,3.5\n4,5,6\n").predictions, (std::vector<double>{3.5, 6}));  // no header
  EXPECT_EQ(read("0,1,2\n1,2,3.5\n").predictions, std::vector<double>{3.5});       // pandas' names of columns
  EXPECT_EQ(read(",0,1,2\n0,1,2,3.5\n").predictions, std::vector<double>{3.5});
  expect_refused("a,b,c,pred\n1,2,3,4\n", {"'measurement_0' is missing", "'a', 'b', 'c', 'pred'", "--inputs"});
  expect_refused("1.5,2,3,4\n", {"no header", "4 columns", "--inputs"});
  expect_refused("x0,x1,preds,output\n1,2,3,4\n", {"more than one name", "--predictions"});
}

TEST_F(Csv, OtherKindsOfFilesAreNamed) {
  for (const auto& [start, words] : std::vector<std::pair<std::string, std::string>>{
           {"PAR1\x15\x04", "a Parquet file"},
           {"ARROW1\0\0", "an Arrow or Feather file"},
           {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel or Office file"},
           {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"},
           {"<!DOCTYPE html>\n<html>", "a web page"},
           {"{\"a\": 1}", "is JSON"},
           {"%PDF-1.4", "a PDF file"},
           {std::string("measurement_0,pred\n1,2\n\x01", 24), "not text but a binary file (byte 23 is 0x01)"},
           {std::string("\xFF\xFE\0\0m\0\0\0", 8), "UTF-32"}}) {
    expect_refused(start, {words});
  }
}

TEST_F(Csv, MissingFile) {
  expect_error<InputError>([] { static_cast<void>(read_table("/nowhere/rows.csv").rows); },
                           {"/nowhere/rows.csv", "cannot be opened"});
  expect_error<InputError>([&] { static_cast<void>(read_table(folder_.path()).rows); }, {"not a regular file"});
}

}  // namespace
TEST(Decimal, IsWhatFromCharsReads) {
  std::mt19937 random(1);
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (int i = 0; i < 200000; ++i) {
    std::vector<char> text;
    if (below(2) == 0) text.push_back('-');
    for (unsigned part = 0; part < 2; ++part) {
      for (unsigned digits = below(20); digits > 0; --digits) text.push_back(static_cast<char>('0' + below(10)));
      if (part == 0 && below(4) > 0) text.push_back('.');
    }
    const std::size_t size = text.size();
    // Behind the number stands what may follow it, and then digits that do not belong to it.
    text.push_back(",:/;\xff "[below(6)]);
    text.insert(text.end(), 8, '1');
    double expected = 0;
    const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    for (const std::size_t end : {text.size(), size}) {
      const std::string shown(text.data(), text.data() + end);
      const Decimal read = read_decimal(text.data(), text.data() + end);
      ASSERT_EQ(read.error, error) << shown;
      if (error != std::errc{}) continue;
      ASSERT_EQ(read.value, expected) << shown;
      ASSERT_EQ(read.next, next) << shown;
    }
  }
}

}  // namespace kintsugi
