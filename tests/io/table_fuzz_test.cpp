// Damaged tables, answers and archives: each is read or refused by name, whatever is in it.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "io/fuzzing.hpp"
#include "io/piece_list.hpp"
#include "io/table.hpp"
#include "io/table_arrays.hpp"
#include "io/unpack.hpp"
#include "kintsugi/core/error.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

namespace fs = std::filesystem;

/// How often each file is damaged; KINTSUGI_FUZZ_ROUNDS for long runs by hand.
std::uint64_t rounds() {
  const char* const given = std::getenv("KINTSUGI_FUZZ_ROUNDS");
  constexpr std::uint64_t kShort = 2000;
  return given != nullptr ? std::strtoull(given, nullptr, 10) : kShort;
}

/// Anything but a result or an InputError in the file's name ends the test.
void damage(const std::string& name, const std::string& valid, std::uint64_t count,
            const std::function<void(const std::string& bytes)>& read) {
  ASSERT_NO_THROW(read(valid)) << name << ": what is damaged must be valid to begin with";
  testing::FuzzCounts counts;
  for (std::uint64_t i = 0; i < count; ++i) {
    Random random(testing::fuzz_seed(), std::hash<std::string>()(name) % 1'000'000, i);
    SCOPED_TRACE(name + ", round " + std::to_string(i));
    try {
      read(testing::mutate(valid, random));
      ++counts.read;
    } catch (const InputError& error) {
      ASSERT_NE(std::string(error.what()).find("fuzz"), std::string::npos) << error.what();
      ++counts.refused;
    }
  }
  std::cout << name << ": " << counts.read << " read, " << counts.refused << " refused" << std::endl;
}

std::string deflated(const std::string& content) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return packed.substr(0, stream.total_out);
}

std::string utf16(std::string text) {
  std::string bytes = "\xFF\xFE";
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  for (const char c : text) bytes.append({c, '\0'});
  return bytes;
}

/// Tables of the kinds that csv_test.cpp has.
std::vector<std::string> tables() {
  return {"measurement_0,pred,true\n1.5,-2,3\n3,0.25,1e-5\n",
          "\xEF\xBB\xBFsep=;\r\n\"measurement_0\";\"pred\"\r\n1,5;-2\r\n+3;0,25\r\n",
          "# comment\n# x0 x1 y_pred\n1.5 2 -2\n  3 +4.0D+00 0.25\n# end\n",
          "\"note\"\"s\",x1,x2,pred\n\"two\nlines\",1.5,2,-2\n,3,4,1.5E-400\n",
          "measurement_0\tpred\r1.5\t-2\r3\t0.25\r",
          ",0,1,2\n0,1.5,2,3\n1,4,5.5,6\n"};
}

TEST(TableFuzz, Text) {
  TableOptions options;
  options.shapes = {{2, 1}};
  for (const std::string& table : tables()) {
    const auto read = [&](const std::string& bytes) {
      const RowsF64 rows = read_table(std::span(bytes), "fuzz", options).rows;
      ASSERT_EQ(rows.inputs.size(), rows.shape.rows * rows.shape.width);
      ASSERT_EQ(rows.predictions.size(), rows.shape.rows * rows.shape.outputs);
      ASSERT_TRUE(rows.targets.empty() || rows.targets.size() == rows.predictions.size());
      for (const double value : rows.inputs) ASSERT_TRUE(std::isfinite(value));
    };
    const std::string name = "table '" + table.substr(0, 12) + "'";
    damage(name, table, rounds(), read);
    damage(name + " in UTF-16", utf16(table), rounds(), read);
    damage(name + " by gzip", deflated(table), rounds(), read);
  }
}

TEST(TableFuzz, ColumnLists) {
  const std::string table = "a,x0,x1,x2,y\n1,2,3,4,5\n";
  damage("list of columns", "x0..x1,4", rounds(), [&](const std::string& list) {
    TableOptions options;
    options.inputs = list;
    options.predictions = "y";
    static_cast<void>(read_table(std::span(table), "fuzz", options));
  });
}

TEST(TableFuzz, Answers) {
  for (const std::string text : {"3,1,4,0,2", "[3, 1, 4, 0, 2]\n", "3\r\n1\r\n4.0\r\n0\r\n2\r\n", "# a\n(3 1; 4 0e0 2)",
                                 "{\"permutation\": [3, 1, 4, 0, 2], \"order\": [1, 0]}", "{\"answer\": \"3,1\"}"}) {
    const auto read = [](const std::string& bytes) { static_cast<void>(parse_piece_list(bytes, kAnswerKeys, "fuzz")); };
    damage("answer '" + text.substr(0, 12) + "'", text, rounds(), read);
    damage("answer '" + text.substr(0, 12) + "' in UTF-16", utf16(text), rounds(), read);
  }
}

/// A file with the bytes, for readers that want one.
fs::path put(const testing::ScratchFolder& folder, const std::string& name, const std::string& bytes) {
  fs::path path = folder.path() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// A tar archive of two files, by hand: header, content, padding to 512 bytes.
std::string tar() {
  constexpr std::size_t kBlock = 512;
  std::string archive;
  for (const std::string name : {"puzzle/data.csv", "puzzle/pieces/piece_0.pth"}) {
    const std::string content = "content of " + name;
    std::string header(kBlock, '\0');
    const auto set = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    char size[16];
    std::snprintf(size, sizeof(size), "%011zo", content.size());
    set(0, name);
    set(100, "0000644");
    set(124, size);
    set(148, "        ");
    set(156, "0");
    set(257, std::string("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(size, sizeof(size), "%06o", sum);
    set(148, size);
    header[154] = '\0';
    archive += header + content + std::string(kBlock - content.size() % kBlock, '\0');
  }
  return archive + std::string(2 * kBlock, '\0');
}

TEST(TableFuzz, Archives) {
  const auto unpack_one = [](const std::string& name) {
    return [name](const std::string& bytes) {
      const testing::ScratchFolder folder;
      const fs::path archive = put(folder, "fuzz" + name, bytes);
      const fs::path inner = folder.path() / "inner";
      fs::create_directory(inner);
      unpack(archive, inner);
      for (const auto& entry : fs::directory_iterator(folder.path())) {
        ASSERT_TRUE(entry.path() == archive || entry.path() == inner) << entry.path();
      }
    };
  };
  damage("tar", tar(), rounds(), unpack_one(".tar"));
  damage("tar.gz", deflated(tar()), rounds(), unpack_one(".tar.gz"));
}

}  // namespace
}  // namespace kintsugi
