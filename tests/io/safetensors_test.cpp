#include "io/safetensors.hpp"

#include <gtest/gtest.h>

#include "io/expect_error.hpp"
#include "io/fuzzing.hpp"
#include "io/pth_writer.hpp"
#include "io/tensor_files.hpp"

namespace kintsugi {
namespace {

using testing::bytes_of;
using testing::expect_error;
using testing::safetensors_of;

std::vector<Tensor> read(std::span<const char> file, const std::string& origin) {
  return read_safetensors(file, origin);
}

std::vector<Tensor> read(const std::string& file) { return read({file.data(), file.size()}, "x.safetensors"); }

void expect_refused(const std::string& file, std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { static_cast<void>(read(file)); }, parts);
}

std::string entry(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

const std::string kSix = bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6});

TEST(Safetensors, AllTypesInTheHeadersOrder) {
  const std::string header = R"({"__metadata__":{"format":"pt","a":"b"},"z":)" + entry("F32", "[2,3]", "[0,24]") +
                             R"(,"half":)" + entry("F16", "[2]", "[24,28]") + R"(,"a.bf":)" +
                             entry("BF16", "[1,2]", "[36,40]") + R"(,"wide":)" + entry("F64", "[]", "[28,36]") +
                             R"(,"none":)" + entry("F32", "[0,7]", "[40,40]") + "}   ";
  const std::string data = kSix + bytes_of(std::vector<std::uint16_t>{0x3C00, 0xC100}) +
                           bytes_of(std::vector<double>{0.1}) + bytes_of(std::vector<std::uint16_t>{0x3F80, 0xC0A0});
  const std::vector<Tensor> tensors = read(safetensors_of(header, data));
  ASSERT_EQ(tensors.size(), 5U);
  EXPECT_EQ(tensors[0].name, "z");
  EXPECT_EQ(tensors[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(tensors[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensors[1].type, TensorType::float16);
  EXPECT_EQ(tensors[1].values, (std::vector<double>{1, -2.5}));
  EXPECT_EQ(tensors[2].name, "a.bf");
  EXPECT_EQ(tensors[2].values, (std::vector<double>{1, -5}));
  EXPECT_EQ(tensors[3].type, TensorType::float64);
  EXPECT_EQ(tensors[3].values, std::vector<double>{0.1});
  EXPECT_TRUE(tensors[4].values.empty());
}

TEST(Safetensors, HeaderLength) {
  expect_refused("", {"x.safetensors", "too short"});
  expect_refused(std::string(8, '\xff'), {"not a .safetensors file"});
  expect_refused(testing::little_endian(3, 8) + "{}", {"header would have 3 bytes"});
  expect_refused(testing::little_endian(100'000'001, 8) + std::string(100'000'001, ' '), {"100000001 bytes"});
}

TEST(Safetensors, HeaderIsJsonOfTheRightForm) {
  const auto refused = [](const std::string& header, std::initializer_list<std::string> parts) {
    expect_refused(safetensors_of(header, kSix), parts);
  };
  const std::string good = entry("F32", "[6]", "[0,24]");
  refused("", {"not valid JSON"});
  refused("{", {"not valid JSON at byte"});
  refused("{}}", {"not valid JSON"});
  refused("[]", {"array"});
  refused("7", {"number"});
  refused(R"({"a":7})", {"'a'", "number"});
  refused(R"({"a":null})", {"null"});
  refused(R"({"a":)" + good + R"(,"a":)" + good + "}", {"'a'", "twice"});
  refused(R"({"a":{"dtype":"F32","shape":[6]}})", {"'a'", "needs dtype, shape and data_offsets"});
  refused(R"({"a":{"dtype":"F32","dtype":"F32","shape":[6],"data_offsets":[0,24]}})", {"'dtype' twice"});
  refused(R"({"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24],"more":1}})", {"field 'more'"});
  refused(R"({"a":)" + entry("F4", "[48]", "[0,24]") + "}", {"'a'", "dtype 'F4'", "F32"});
  refused(R"({"a":)" + entry("C64", "[3]", "[0,24]") + "}", {"'a'", "complex"});
  refused(R"({"a":)" + entry("F32", "[-6]", "[0,24]") + "}", {"negative"});
  refused(R"({"a":)" + entry("F32", "[6.0]", "[0,24]") + "}", {"no integer"});
  refused(R"({"a":)" + entry("F32", "[99999999999999999999]", "[0,24]") + "}", {"no integer"});
  refused(R"({"a":)" + entry("F32", "[[6]]", "[0,24]") + "}", {"array where none"});
  refused(R"({"a":)" + entry("F32", "[6]", "[0]") + "}", {"two data_offsets"});
  refused(R"({"a":)" + entry("F32", "[6]", "[0,12,24]") + "}", {"too many numbers"});
  refused(R"({"a":)" + entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,6]", "[0,24]") + "}", {"too many numbers"});
  refused(R"({"__metadata__":{"a":{}}})", {"'__metadata__'", "object"});
  refused(R"({"__metadata__":{"a":1}})", {"number"});
  refused(std::string(1'000'000, '['), {"array"});
}

TEST(Safetensors, DataIsTiledExactly) {
  const auto refused = [](const std::string& entries, std::initializer_list<std::string> parts) {
    expect_refused(safetensors_of("{" + entries + "}", kSix), parts);
  };
  refused(R"("a":)" + entry("F32", "[5]", "[0,24]"), {"'a'", "0 and 24", "20 bytes"});
  refused(R"("a":)" + entry("F32", "[5]", "[0,20]"), {"24 bytes of data", "describes 20"});
  refused(R"("a":)" + entry("F32", "[7]", "[0,28]"), {"describes 28", "truncated"});
  refused(R"("a":)" + entry("F32", "[5]", "[4,24]"), {"starts at 4 instead of 0"});
  refused(R"("a":)" + entry("F32", "[4]", "[0,16]") + R"(,"b":)" + entry("F32", "[3]", "[12,24]"),
          {"'b'", "starts at 12 instead of 16"});
  refused(R"("a":)" + entry("F32", "[6]", "[24,0]"), {"24 and 0"});
  // 2^62 float32 are 2^64 bytes, which wrap around to 0.
  refused(R"("a":)" + entry("F32", "[4611686018427387904]", "[0,0]"), {"'a'", "overflows"});
  refused(R"("a":)" + entry("F32", "[4294967296,4294967296]", "[0,0]"), {"overflows"});
  refused(R"("a":)" + entry("F32", "[0,4294967296,4294967296]", "[0,0]"), {"overflows"});
}

TEST(SafetensorsFuzz, MutatedFiles) {
  const std::string header = R"({"__metadata__":{"format":"pt"},"0.w":)" + entry("F32", "[2,3]", "[0,24]") +
                             R"(,"0.b":)" + entry("F16", "[12]", "[24,48]") + "}";
  const std::string valid = safetensors_of(header, kSix + kSix);
  const auto as_it_is = [](const std::string& bytes) { return bytes; };
  testing::fuzz(read, valid, as_it_is, 1, 4000);
  // The header's length kept right, so that damage reaches the parts behind it.
  const auto wrapped = [](const std::string& bytes) { return safetensors_of(bytes, kSix + kSix); };
  testing::fuzz(read, header, wrapped, 2, 4000);
}

}  // namespace
}  // namespace kintsugi
