// Tables in other encodings, compressed, through pipes, and as arrays.

#include "io/table.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>
#include <zlib.h>

#include <cmath>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "io/decompress.hpp"
#include "io/expect_error.hpp"
#include "io/table_arrays.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

const std::string kText = "measurement_0,pred\n1.5,-2\n3,0.25\n";

/// One member of a gzip file.
std::string gzip(const std::string& content) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return packed.substr(0, stream.total_out);
}

/// The table as other compressors leave it.
struct Packed {
  const char* name;
  std::string bytes;
};
const std::vector<Packed> kPacked{
    {"bzip2",
     std::string(
         "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xf4\x66\x05\x40\x00\x00\x0c\x5b\x80\x00\x10\x00\x07\x7a\x00\x00"
         "\x00\xa6\x03\x5e\x00\x20\x00\x31\x4c\x26\x9a\x03\x4c\x42\x26\x9a\x0d\xa4\x06\x46\x2e\x08\x2d\x8c\x32\x28"
         "\x69\x89\xc6\x8b\x6e\x47\x64\x25\x7f\x3c\x7b\xe2\xee\x48\xa7\x0a\x12\x1e\x8c\xc0\xa8\x00",
         74)},
    {"xz",
     std::string(
         "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x1c\x00\x00\x00\x10\xcf\x58\xcc\x01\x00"
         "\x20\x6d\x65\x61\x73\x75\x72\x65\x6d\x65\x6e\x74\x5f\x30\x2c\x70\x72\x65\x64\x0a\x31\x2e\x35\x2c\x2d\x32"
         "\x0a\x33\x2c\x30\x2e\x32\x35\x0a\x00\x00\x00\x00\x3b\xda\x2c\x3c\x6e\x04\x7f\x56\x00\x01\x39\x21\xcf\x28"
         "\x6b\x62\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a",
         92)},
    {"zstd",
     std::string(
         "\x28\xb5\x2f\xfd\x04\x68\x09\x01\x00\x6d\x65\x61\x73\x75\x72\x65\x6d\x65\x6e\x74\x5f\x30\x2c\x70\x72\x65"
         "\x64\x0a\x31\x2e\x35\x2c\x2d\x32\x0a\x33\x2c\x30\x2e\x32\x35\x0a\x17\x50\xee\xe2",
         46)},
    {"lz4",
     std::string(
         "\x04\x22\x4d\x18\x64\x40\xa7\x21\x00\x00\x80\x6d\x65\x61\x73\x75\x72\x65\x6d\x65\x6e\x74\x5f\x30\x2c\x70"
         "\x72\x65\x64\x0a\x31\x2e\x35\x2c\x2d\x32\x0a\x33\x2c\x30\x2e\x32\x35\x0a\x00\x00\x00\x00\x26\xc4\x41\x2b",
         52)},
};

std::string utf16(const std::string& text, bool little, bool mark) {
  std::string bytes;
  const auto put = [&](char high, char low) {
    bytes += little ? low : high;
    bytes += little ? high : low;
  };
  if (mark) put('\xFE', '\xFF');
  for (const char c : text) put('\0', c);
  return bytes;
}

class TableFile : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    const std::filesystem::path path = folder_.path() / "table";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  void expect_the_table(const std::string& bytes) {
    const RowsF64 rows = read_table(write(bytes)).rows;
    EXPECT_EQ(rows.inputs, (std::vector<double>{1.5, 3}));
    EXPECT_EQ(rows.predictions, (std::vector<double>{-2, 0.25}));
  }
  void expect_refused(const std::string& bytes, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(read_table(write(bytes))); }, parts);
  }

  testing::ScratchFolder folder_;
};

TEST_F(TableFile, Utf16InBothOrdersWithAndWithoutMark) {
  for (const bool little : {true, false}) {
    for (const bool mark : {true, false}) {
      SCOPED_TRACE(std::string(little ? "little" : "big") + (mark ? " with a mark" : ""));
      expect_the_table(utf16(kText, little, mark));
      expect_refused(utf16(kText, little, mark) + "x", {little ? "UTF-16LE" : "UTF-16BE", "half a character"});
    }
  }
}

TEST_F(TableFile, GzipWithItsChecksum) {
  expect_the_table(gzip(kText));
  expect_the_table(gzip(kText.substr(0, 21)) + gzip(kText.substr(21)));  // two members are one content
  expect_the_table(gzip(gzip(kText)));
  expect_the_table(gzip(utf16(kText, true, true)));
  std::string damaged = gzip(kText);
  damaged[damaged.size() - 6] ^= 1;  // of the checksum
  expect_refused(damaged, {"compressed by gzip", "damaged"});
  expect_refused(gzip(kText).substr(0, 30), {"compressed by gzip", "cut short"});
  expect_refused(gzip(kText) + "more", {"compressed by gzip", "behind its end"});
  expect_refused(gzip(std::string(std::size_t{20} << 20, '0')), {"would unpack to more than"});
}

TEST_F(TableFile, OtherCompressors) {
  for (const auto& [name, bytes] : kPacked) {
    SCOPED_TRACE(name);
    EXPECT_EQ(compression_of(bytes), name);
    expect_the_table(bytes);
    expect_the_table(gzip(bytes));
    expect_refused(bytes.substr(0, bytes.size() - 9), {std::string("compressed by ") + name, "damaged or cut short"});
    std::string damaged = bytes;
    damaged[bytes.size() / 2] ^= 0x10;
    expect_refused(damaged, {"table: "});
  }
}

TEST_F(TableFile, AloneInAZipArchive) {
  const std::filesystem::path path = folder_.path() / "table.zip";
  const auto add = [&](const char* name, const std::string& content) {
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    ASSERT_NE(archive, nullptr);
    zip_file_add(archive, name, zip_source_buffer(archive, content.data(), content.size(), 0), 0);
    ASSERT_EQ(zip_close(archive), 0);
  };
  add("folder/data.csv", kText);
  add("__MACOSX/folder/._data.csv", "resource fork");
  EXPECT_EQ(read_table(path).rows.inputs, (std::vector<double>{1.5, 3}));
  add("folder/other.csv", kText);
  expect_error<InputError>([&] { static_cast<void>(read_table(path)); }, {"zip archive of 2 files"});
  add("xl/workbook.xml", "<x/>");
  expect_error<InputError>([&] { static_cast<void>(read_table(path)); }, {"Excel workbook", "save the sheet as CSV"});
}

TEST_F(TableFile, ThroughAPipe) {
  const std::filesystem::path pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string text = "measurement_0,pred\n";
  for (int i = 0; i < 300'000; ++i) text += "1.5,-2\n";  // more than a pipe and the first buffer hold
  const auto writer = std::async(std::launch::async, [&] { std::ofstream(pipe) << text; });
  EXPECT_EQ(read_table(pipe).rows.shape.rows, 300'000U);
}

class Arrays : public ::testing::Test {
 protected:
  static Tensor array(std::string name, std::vector<std::size_t> shape, std::vector<double> values) {
    return {std::move(name), TensorType::float64, std::move(shape), std::move(values)};
  }
  RowsF64 rows(std::vector<Tensor> arrays) { return rows_of_arrays(std::move(arrays), options_, "file", notes_); }
  void expect_refused(std::vector<Tensor> arrays, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(rows(std::move(arrays))); }, parts);
  }

  TableOptions options_;
  std::vector<std::string> notes_;
};

TEST_F(Arrays, AreKnownByTheirNames) {
  const RowsF64 result = rows({array("data/y_pred", {2}, {5, 6}), array("data/X", {2, 2}, {1, 2, 3, 4}),
                               array("data/labels", {2, 1}, {7, 8}), array("mean", {2}, {0, 0})});
  EXPECT_EQ(result.shape.rows, 2U);
  EXPECT_EQ(result.inputs, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(result.predictions, (std::vector<double>{5, 6}));
  EXPECT_EQ(result.targets, (std::vector<double>{7, 8}));
  EXPECT_TRUE(notes_.empty());
}

TEST_F(Arrays, OrByTheSizesThatThePiecesAllow) {
  options_.shapes = {{2, 1}};
  const RowsF64 result = rows({array("b", {2}, {5, 6}), array("a", {2, 2}, {1, 2, 3, 4})});
  EXPECT_EQ(result.inputs, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(result.predictions, (std::vector<double>{5, 6}));
  EXPECT_EQ(notes_.size(), 2U);
  expect_refused({array("a", {2, 2}, {1, 2, 3, 4}), array("b", {2}, {5, 6}), array("c", {2}, {5, 6})},
                 {"which array holds the predictions", "'a' [2 x 2], 'b' [2], 'c' [2]", "--predictions NAME"});
  options_.predictions = "c";
  EXPECT_EQ(rows({array("a", {2, 2}, {1, 2, 3, 4}), array("b", {2}, {5, 6}), array("c", {2}, {8, 9})}).predictions,
            (std::vector<double>{8, 9}));
  expect_refused({array("a", {2, 2}, {1, 2, 3, 4}), array("b", {2}, {5, 6})}, {"no array 'c'"});
}

TEST_F(Arrays, OneTableOrColumnsEach) {
  options_.shapes = {{2, 1}};
  EXPECT_EQ(rows({array("table", {2, 3}, {1, 2, 3, 4, 5, 6})}).predictions, (std::vector<double>{3, 6}));
  EXPECT_EQ(rows({array("pred", {2}, {5, 6}), array("measurement_1", {2}, {3, 4}), array("measurement_0", {2}, {1, 2})})
                .inputs,
            (std::vector<double>{1, 3, 2, 4}));
  options_.inputs = "2-3";
  options_.predictions = "1";
  EXPECT_EQ(rows({array("table", {2, 3}, {1, 2, 3, 4, 5, 6})}).inputs, (std::vector<double>{2, 3, 5, 6}));
}

TEST_F(Arrays, RulesNameTheArray) {
  expect_refused({}, {"file", "no arrays"});
  expect_refused({array("x", {2, 2}, {1, 2, 3, 4}), array("pred", {3}, {5, 6, 7})}, {"'x'", "'pred'", "other rows"});
  expect_refused({array("x", {2, 1}, {1, std::nan("")}), array("pred", {2}, {5, 6})}, {"row 1, column 0", "nan"});
  expect_refused({array("x", {1, 1, 2}, {1, 2}), array("pred", {1}, {5})}, {"more than two dimensions"});
  expect_refused({array("x", {1, 1}, {1}), array("inputs", {1, 1}, {1}), array("pred", {1}, {5})},
                 {"'x' and 'inputs' may both be the inputs"});
}

}  // namespace
}  // namespace kintsugi
