#include "io/npz.hpp"

#include <gtest/gtest.h>

#include "io/expect_error.hpp"
#include "io/fuzzing.hpp"
#include "io/pth_writer.hpp"
#include "io/tensor_files.hpp"

namespace kintsugi {
namespace {

using testing::bytes_of;
using testing::expect_error;
using testing::npy_dict;
using testing::npy_of;
using testing::zip_archive;

std::vector<Tensor> read(std::span<const char> file, const std::string& origin) { return read_npz(file, origin); }

std::vector<Tensor> read(const std::string& file) { return read({file.data(), file.size()}, "x.npz"); }

void expect_refused(const std::string& array, std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { static_cast<void>(read(zip_archive({{"a.npy", array}}))); }, parts);
}

const std::string kSix = bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6});

TEST(Npz, TypesOrdersAndVersions) {
  const std::string second = npy_dict("<f8", "(1,)");
  const std::string third = npy_dict("<f2", "()");
  const std::vector<Tensor> tensors =
      read(zip_archive({{"b.weight.npy", npy_of(npy_dict("<f4", "(2, 3)"), kSix)},
                        {"a.weight.npy", npy_of(npy_dict("<f4", "(2, 3)", true), kSix), true},
                        {"wide.npy", std::string("\x93NUMPY\x02\x00", 8) + testing::little_endian(second.size(), 4) +
                                         second + bytes_of(std::vector<double>{0.1})},
                        {"half.npy", std::string("\x93NUMPY\x03\x00", 8) + testing::little_endian(third.size(), 4) +
                                         third + bytes_of(std::vector<std::uint16_t>{0xC100})}}));
  ASSERT_EQ(tensors.size(), 4U);
  EXPECT_EQ(tensors[0].name, "b.weight");
  EXPECT_EQ(tensors[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(tensors[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensors[1].name, "a.weight");
  EXPECT_EQ(tensors[1].values, (std::vector<double>{1, 3, 5, 2, 4, 6})) << "Fortran order";
  EXPECT_EQ(tensors[2].values, std::vector<double>{0.1});
  EXPECT_EQ(tensors[3].type, TensorType::float16);
  EXPECT_EQ(tensors[3].values, std::vector<double>{-2.5});
}

TEST(Npz, ArchiveRules) {
  const auto refused = [](const std::string& file, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(read(file)); }, parts);
  };
  refused("PK", {"x.npz", "not a whole zip archive"});
  refused(zip_archive({{"notes.txt", "hello"}}), {"'notes.txt'", "no .npy file"});
  constexpr std::size_t kMany = 20'000'000;
  const std::string bomb = npy_of(npy_dict("<f4", "(5000000,)"), std::string(kMany, '\0'));
  refused(zip_archive({{"a.npy", bomb, true}}), {"a.npy", "more than the limit"});
  // Each below the limit, but not all together.
  const std::string part = npy_of(npy_dict("<f4", "(1200000,)"), std::string(4'800'000, '\0'));
  const std::string ballast = npy_of(npy_dict("<f8", "(1000,)"), std::string(8'000, '\0'));
  EXPECT_EQ(read(zip_archive({{"ballast.npy", ballast}, {"a.npy", part, true}})).size(), 2U);
  refused(zip_archive({{"ballast.npy", ballast},
                       {"a.npy", part, true},
                       {"b.npy", part, true},
                       {"c.npy", part, true},
                       {"d.npy", part, true}}),
          {"d.npy", "more than the limit"});
}

TEST(Npz, HeaderRules) {
  const std::string good = npy_dict("<f4", "(2, 3)");
  expect_refused("", {"x.npz, array 'a'", "not a .npy file"});
  expect_refused("\x93NUMPY\x04", {"not a .npy file"});
  expect_refused(std::string("\x93NUMPY\x04\x00", 8) + good, {"version 4"});
  expect_refused(std::string("\x93NUMPY\x01\x00\xff", 9), {"ends in its header"});
  expect_refused(std::string("\x93NUMPY\x01\x00\xff\x00", 10) + good, {"ends in its header"});
  expect_refused(npy_of(good + std::string(10'000, ' '), kSix), {"bytes, too many"});
  expect_refused(npy_of(npy_dict("|O", "(2, 3)"), kSix), {"'|O'", "Python objects", "are read"});
  expect_refused(npy_of(npy_dict("<c8", "(1, 3)"), kSix), {"'<c8'", "complex"});
  expect_refused(npy_of(npy_dict("|V2", "(12,)"), kSix), {"'|V2'", "bfloat16", "astype('float32')"});
  expect_refused(npy_of(npy_dict("|V1", "(24,)"), kSix), {"'|V1'", "float8"});
  expect_refused(npy_of(npy_dict("<f1", "(24,)"), kSix), {"'<f1'", "float8"});
  expect_refused(npy_of(npy_dict("<f16", "(1,)"), kSix), {"'<f16'", "astype('float64')"});
  expect_refused(npy_of(npy_dict("<U6", "(1,)"), kSix), {"'<U6'", "not read"});
  expect_refused(npy_of(npy_dict("f4", "(6,)"), kSix), {"'f4'"});
  expect_refused(npy_of(npy_dict("", "(6,)"), kSix), {"the type ''"});
  expect_refused(npy_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", kSix), {"records"});
  expect_refused(npy_of("{'descr': '<f4', 'shape': (6,)}", kSix), {"needs descr, fortran_order and shape"});
  expect_refused(npy_of("{'descr': '<f4', 'descr': '<f4', 'shape': (6,)}", kSix), {"'descr' twice"});
  expect_refused(npy_of("{'descr': '<f4', 'more': 1}", kSix), {"unknown key 'more'"});
  expect_refused(npy_of("{'descr': '<f4', 'fortran_order': 1, 'shape': (6,)}", kSix), {"neither True nor False"});
  expect_refused(npy_of(good + "x", kSix), {"goes on behind"});
  expect_refused(npy_of("{'descr", kSix), {"no text"});
  expect_refused(npy_of("os.system('x')", kSix), {"'{'"});
  expect_refused(npy_of(npy_dict("<f4", "(2, -3)"), kSix), {"tuple of integers"});
  expect_refused(npy_of(npy_dict("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), kSix), {"16 dimensions"});
}

TEST(Npz, DataFitsTheShape) {
  expect_refused(npy_of(npy_dict("<f4", "(2, 3)"), kSix + "x"), {"array 'a'", "25 bytes", "need 24"});
  expect_refused(npy_of(npy_dict("<f4", "(2, 3)"), kSix.substr(4)), {"20 bytes", "need 24"});
  expect_refused(npy_of(npy_dict("<f4", "(4611686018427387904,)"), ""), {"more than there can be"});
  expect_refused(npy_of(npy_dict("<f4", "(0, 4294967296, 4294967296)"), ""), {"more than there can be"});
}

TEST(NpzFuzz, MutatedArchivesAndArrays) {
  const std::string array = npy_of(npy_dict("<f4", "(2, 3)"), kSix);
  const auto archive_of = [](const std::string& bytes) {
    return zip_archive({{"a.npy", bytes}, {"b.npy", bytes, true}});
  };
  const auto as_it_is = [](const std::string& bytes) { return bytes; };
  testing::fuzz(read, archive_of(array), as_it_is, 1, 2000);
  testing::fuzz(read, array, archive_of, 2, 2000);
}

}  // namespace
}  // namespace kintsugi
