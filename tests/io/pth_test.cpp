#include "io/pth.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "io/expect_error.hpp"
#include "io/pth_writer.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::bytes_of;
using testing::expect_error;
using testing::linear_pth;
using testing::Pickle;
using testing::pth_archive;
using testing::zip_archive;

using Storages = std::vector<std::pair<std::string, std::string>>;

std::vector<Tensor> read(const std::string& bytes) { return read_state_dict({bytes.data(), bytes.size()}, "test.pth"); }

/// One tensor named "weight" over the storage "0".
std::string one_tensor(const char* type, const std::string& storage, std::uint64_t elements, std::uint64_t offset,
                       const std::vector<std::uint64_t>& shape, const std::vector<std::uint64_t>& strides) {
  Pickle pickle;
  pickle.ordered_dict().text("weight").tensor(type, "0", elements, offset, shape, strides).raw("s");
  return pth_archive(pickle.finish(), {{"0", storage}});
}

/// An archive whose pickle is `pickle`, with one storage of 6 float32 under the key "0".
std::string around(const Pickle& pickle) {
  return pth_archive(pickle.finish(), {{"0", bytes_of<float>({1, 2, 3, 4, 5, 6})}});
}

void expect_refused(const std::string& bytes, const std::string& rule) {
  expect_error<InputError>([&] { static_cast<void>(read(bytes)); }, {"test.pth", rule});
}

TEST(Pth, LinearLayer) {
  const std::vector<Tensor> tensors = read(linear_pth(2, 3, {1, 2, 3, 4, 5, 6}, {-1.5F, 0.25F}));
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors[0].name, "weight");
  EXPECT_EQ(tensors[0].type, TensorType::float32);
  EXPECT_EQ(tensors[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(tensors[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensors[1].name, "bias");
  EXPECT_EQ(tensors[1].values, (std::vector<double>{-1.5, 0.25}));
}

TEST(Pth, StridesAndOffsetsAreHonoured) {
  // Three views of one 4 x 5 storage: its first three columns, its last column, and its transpose.
  std::vector<float> storage(20);
  for (std::size_t i = 0; i < storage.size(); ++i) storage[i] = static_cast<float>(i);
  Pickle pickle;
  pickle.ordered_dict().mark();
  pickle.text("left").tensor("FloatStorage", "0", 20, 0, {4, 3}, {5, 1});
  pickle.text("last").tensor("FloatStorage", "0", 20, 4, {4}, {5});
  pickle.text("turned").tensor("FloatStorage", "0", 20, 0, {5, 4}, {1, 5}).raw("u");
  const std::vector<Tensor> tensors = read(pth_archive(pickle.finish(), {{"0", bytes_of(storage)}}));
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors[0].values, (std::vector<double>{0, 1, 2, 5, 6, 7, 10, 11, 12, 15, 16, 17}));
  EXPECT_EQ(tensors[1].values, (std::vector<double>{4, 9, 14, 19}));
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(tensors[2].values[i * 4 + j], storage[j * 5 + i]);
  }
}

TEST(Pth, ThreeDimensionsScalarsEmptyAndExpanded) {
  const std::string storage = bytes_of<float>({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(read(one_tensor("FloatStorage", storage, 8, 0, {2, 2, 2}, {1, 2, 4}))[0].values,
            (std::vector<double>{0, 4, 2, 6, 1, 5, 3, 7}));
  EXPECT_EQ(read(one_tensor("FloatStorage", storage, 8, 7, {}, {}))[0].values, std::vector<double>{7});
  EXPECT_TRUE(read(one_tensor("FloatStorage", storage, 8, 3, {0, 4}, {4, 1}))[0].values.empty());
  EXPECT_EQ(read(one_tensor("FloatStorage", storage, 8, 3, {2, 2}, {0, 1}))[0].values,
            (std::vector<double>{3, 4, 3, 4}));
}

TEST(Pth, HalfBfloatAndDouble) {
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x7BFF, 0x0001, 0x83FF, 0x0400, 0x0000, 0x3555};
  const std::vector<double> half_values{1.0, -2.0, 65504.0, 0x1p-24, -1023 * 0x1p-24, 0x1p-14, 0.0, 0.333251953125};
  const Tensor from_half = read(one_tensor("HalfStorage", bytes_of(half), 8, 0, {8}, {1}))[0];
  EXPECT_EQ(from_half.type, TensorType::float16);
  EXPECT_EQ(from_half.values, half_values);
  const std::vector<double> special =
      read(one_tensor("HalfStorage", bytes_of<std::uint16_t>({0x7C00, 0xFC00, 0x7E00}), 3, 0, {3}, {1}))[0].values;
  EXPECT_EQ(special[0], INFINITY);
  EXPECT_EQ(special[1], -INFINITY);
  EXPECT_TRUE(std::isnan(special[2]));

  const Tensor brain =
      read(one_tensor("BFloat16Storage", bytes_of<std::uint16_t>({0x3F80, 0xC049, 0x7F7F}), 3, 0, {3}, {1}))[0];
  EXPECT_EQ(brain.type, TensorType::bfloat16);
  EXPECT_EQ(brain.values, (std::vector<double>{1.0, -3.140625, 0x1.FEp127}));

  const std::vector<double> wide{0.1, -1e300, 5e-300};
  const Tensor from_double = read(one_tensor("DoubleStorage", bytes_of(wide), 3, 0, {3}, {1}))[0];
  EXPECT_EQ(from_double.type, TensorType::float64);
  EXPECT_EQ(from_double.values, wide);
}

TEST(Pth, ParametersAndMetadata) {
  // {"weight": Parameter}, with a _metadata attribute as state_dict() hangs it on.
  Pickle pickle;
  pickle.ordered_dict().text("weight").global("torch._utils", "_rebuild_parameter").mark();
  pickle.tensor("FloatStorage", "0", 6, 0, {3, 2}, {2, 1}).raw("\x88").ordered_dict().tuple().reduce().raw("s");
  pickle.raw("}").text("_metadata").ordered_dict().text("").raw("}").text("version").integer(1).raw("sssb");
  const std::vector<Tensor> tensors = read(around(pickle));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].shape, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(tensors[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(Pth, NewerProtocol) {
  // Protocol 5 as pickle.dumps writes it: a frame, short texts, MEMOIZE, STACK_GLOBAL, LONG1, memo in two widths.
  Pickle body(5);
  const std::string call = std::string("\x8c\x0ctorch._utils\x8c\x12_rebuild_tensor_v2\x93\x94", 36);
  const std::string storage =
      std::string("(\x8c\x07storage\x8c\x05torch\x8c\x0c") + "FloatStorage\x93\x8c\x01" + "0\x8c\x03" + "cpuK\x06tQ";
  const std::string rest = std::string("\x8a\x01\x00K\x02K\x03\x86K\x03K\x01\x86\x89}t", 16);
  const std::string inner = "}\x94\x8c\x06weight" + call + "(" + storage + rest + "Rs";
  const std::string frame = std::string("\x95") + static_cast<char>(inner.size() + 1) + std::string(7, '\0');
  body.raw(frame).raw(inner);
  const std::vector<Tensor> tensors = read(around(body));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(Pth, StreamsOfPython2) {
  // Texts as BINSTRING, a dict made of a list of pairs, and a storage that is a part of another one's numbers.
  Pickle pickle(2);
  const auto text = [&](std::string_view value) {
    pickle.raw("U").raw(std::string(1, static_cast<char>(value.size()))).raw(value);
  };
  pickle.global("collections", "OrderedDict").raw("](]("), text("weight");
  pickle.global("torch._utils", "_rebuild_tensor_v2").raw("(("), text("storage");
  pickle.global("torch", "FloatStorage"), text("9"), text("cpu"), pickle.integer(6).raw("("), text("8");
  pickle.integer(2).integer(4).raw("ttQ").integer(1).integers({3}).integers({1}).raw("\x89");
  pickle.global("collections", "OrderedDict").raw("]\x85RtR").raw("ee\x85R");
  std::string file("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.", 25);
  file.append(pickle.finish())
      .append(
          "\x80\x02](U\x01"
          "9e.")
      .append(bytes_of(std::vector<std::uint64_t>{6}));
  file.append(bytes_of<float>({1, 2, 3, 4, 5, 6}));
  const std::vector<Tensor> tensors = read(file);
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].name, "weight");
  EXPECT_EQ(tensors[0].values, (std::vector<double>{4, 5, 6}));
  expect_refused(file.substr(0, file.size() - 1), "ends in storage '9'");
}

TEST(Pth, ForeignLegacyAndTruncatedFiles) {
  const std::string whole = linear_pth(2, 3, {1, 2, 3, 4, 5, 6}, {1, 2});
  expect_refused("", "is not a PyTorch file");
  expect_refused("hello", "is not a PyTorch file");
  expect_refused(std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15), "ends too early");
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{8}}) {
    expect_refused(whole.substr(0, size), "truncated");
  }
  expect_refused(zip_archive({{"readme.txt", "hello"}}), "without a data.pkl");
  expect_refused(zip_archive({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}}), "more than one data.pkl");
  const Pickle pickle = Pickle().ordered_dict();
  expect_refused(zip_archive({{"a/data.pkl", pickle.finish()}, {"a/byteorder", "middle"}}), "byte order is 'middle'");
  std::string damaged = whole;
  damaged[whole.find(bytes_of<float>({1, 2, 3, 4, 5, 6}))] ^= 1;
  expect_refused(damaged, "is damaged");
  expect_error<InputError>([] { static_cast<void>(read_state_dict("/nowhere/piece_0.pth")); },
                           {"/nowhere/piece_0.pth", "cannot be opened"});
}

TEST(Pth, StoragesMustHoldWhatTheyDeclare) {
  const std::string six = bytes_of<float>({1, 2, 3, 4, 5, 6});
  expect_refused(one_tensor("FloatStorage", six, 7, 0, {2, 3}, {3, 1}), "declares 7 float32 elements");
  expect_refused(one_tensor("FloatStorage", six, 5, 0, {1, 3}, {3, 1}), "declares 5 float32 elements");
  expect_refused(one_tensor("DoubleStorage", six, 6, 0, {2, 3}, {3, 1}), "declares 6 float64 elements");
  expect_refused(one_tensor("FloatStorage", six, std::uint64_t{1} << 62, 0, {2, 3}, {3, 1}), "more than there can be");
  const Pickle elsewhere = Pickle().ordered_dict().text("weight").tensor("FloatStorage", "9", 6, 0, {6}, {1}).raw("s");
  expect_refused(around(elsewhere), "'archive/data/9': is missing");
}

TEST(Pth, ViewsMustLieInsideTheirStorage) {
  const std::string six = bytes_of<float>({1, 2, 3, 4, 5, 6});
  const std::uint64_t huge = std::uint64_t{1} << 62;
  EXPECT_EQ(read(one_tensor("FloatStorage", six, 6, 1, {5}, {1}))[0].values.back(), 6);
  expect_refused(one_tensor("FloatStorage", six, 6, 1, {6}, {1}), "last element (6) lies outside its storage of 6");
  expect_refused(one_tensor("FloatStorage", six, 6, 0, {2, 3}, {4, 1}), "last element (6)");
  expect_refused(one_tensor("FloatStorage", six, 6, 6, {}, {}), "last element (6)");
  expect_refused(one_tensor("FloatStorage", six, 6, 0, {huge, 8}, {0, 0}), "overflow");
  expect_refused(one_tensor("FloatStorage", six, 6, 0, {3, 3}, {huge, huge}), "overflow");
  expect_refused(one_tensor("FloatStorage", six, 6, huge, {4}, {huge}), "overflow");
  expect_refused(one_tensor("FloatStorage", six, 6, huge, {3}, {huge}), "lies outside its storage");
  expect_refused(one_tensor("FloatStorage", six, 6, 0, {huge}, {0}), "more elements than a file of its size can hold");
  expect_refused(one_tensor("FloatStorage", six, 6, 0, {6}, {1, 1}), "as many strides as dimensions");
  expect_refused(
      one_tensor("FloatStorage", six, 6, 0, std::vector<std::uint64_t>(17, 1), std::vector<std::uint64_t>(17, 1)),
      "more than 16 dimensions");
  expect_refused(one_tensor("FloatStorage", six, 6, ~std::uint64_t{0}, {2}, {1}), "offset is not an integer from 0");
}

TEST(Pth, WhatRunsCommandsIsRefused) {
  expect_refused(around(Pickle().global("os", "system").text("touch /tmp/kintsugi").raw("\x85R")),
                 "os.system is not allowed: Python would run it");
  expect_refused(around(Pickle().global("builtins", "eval").empty_tuple().reduce()), "builtins.eval is not allowed");
  expect_refused(around(Pickle().text("posix").text("system").raw("\x93")), "posix.system is not allowed");
  expect_refused(around(Pickle().raw("(iposix\nsystem\n")), "posix.system is not allowed");  // INST
  EXPECT_TRUE(read(around(Pickle().global("argparse", "Namespace").empty_tuple().raw("\x81"))).empty()) << "an object";
  expect_refused(around(Pickle().raw("cargparse")), "ends in a line of text");
  expect_refused(around(Pickle().raw("(cos\nsystem\no")), "is not allowed");  // OBJ
}

TEST(Pth, OpcodesOfOtherUses) {
  for (const char opcode : {'P', '\x82', '\x83', '\x84', '\x97', '\x98', 'Z', '\x00'}) {
    expect_refused(around(Pickle().raw(std::string(1, opcode))),
                   "opcode " + std::to_string(static_cast<unsigned char>(opcode)));
  }
}

TEST(Pth, CallsTakeWhatTheyMust) {
  expect_refused(around(Pickle().text("x").empty_tuple().reduce()), "calls what is not a global");
  expect_refused(around(Pickle().global("collections", "OrderedDict").raw("NR")), "arguments are not a tuple");
  expect_refused(around(Pickle()
                            .global("collections", "OrderedDict")
                            .raw("]K\x01"
                                 "a\x85R")),
                 "not pairs");
  expect_refused(around(Pickle().global("torch._utils", "_rebuild_tensor_v2").empty_tuple().reduce()),
                 "takes 6 to 7 arguments, not 0");
  expect_refused(around(Pickle().global("torch._utils", "_rebuild_parameter").raw("NNN\x87R")), "made of what is none");
  expect_refused(around(Pickle().text("storage").raw("Q")), "persistent id is not a tuple");
  expect_refused(around(Pickle().raw("(tQ")), "persistent id is not");
  expect_refused(around(Pickle()
                            .mark()
                            .text("storage")
                            .global("collections", "OrderedDict")
                            .text("0")
                            .text("cpu")
                            .integer(6)
                            .tuple()
                            .raw("Q")),
                 "collections.OrderedDict is not a storage type");
}

TEST(Pth, MalformedPickles) {
  expect_refused(pth_archive("", {}), "ends too early");
  expect_refused(pth_archive("N", {}), "ends too early");
  expect_refused(pth_archive("N.N", {}), "bytes after its end");
  expect_refused(pth_archive(".", {}), "does not end with one value");
  expect_refused(pth_archive("NN.", {}), "does not end with one value");
  expect_refused(pth_archive("N(.", {}), "does not end with one value");
  expect_refused(around(Pickle(6)), "protocol 6");
  expect_refused(around(Pickle().raw("t")), "no mark");
  expect_refused(around(Pickle().raw("\x87")), "empty stack");
  expect_refused(around(Pickle().raw("N(\x85")), "empty stack");  // nothing may be taken from below a mark
  expect_refused(around(Pickle().raw("h\x05")), "memo slot 5 is empty");
  expect_refused(around(Pickle().raw("Nr\xff\xff\xff\x7f")), "memo slot 2147483647 is too high");
  expect_refused(around(Pickle().raw("X\xff\xff\xff\xff")), "ends too early");
  expect_refused(around(Pickle().raw("I1x\n")), "'1x' is no integer");
  expect_refused(around(Pickle().raw("Sx\n")), "no quotes");
  expect_refused(around(Pickle().raw("Npx\n")), "no place in the memo");
  expect_refused(around(Pickle().raw("(o")), "an object of no class");
  expect_refused(around(Pickle().raw("N)\x81")), "an object of what is not a class");
  expect_refused(around(Pickle().raw("\x95\xff\xff\xff\xff\xff\xff\xff\xff")), "frame is longer");
  expect_refused(around(Pickle().raw("NNNs")), "sets items of what is not a dict");
  expect_refused(around(Pickle().raw("}(NNNu")), "key without a value");
  expect_refused(around(Pickle().raw("}Na")), "appends to what is not a list");
  expect_refused(around(Pickle().raw("]}b")), "sets the state");
  expect_refused(around(Pickle().raw(std::string(1'000'001, '('))), "nests too deeply");
  expect_refused(around(Pickle().raw(std::string(1'000'001, 'N'))), "nests too deeply");
  std::string many;
  for (int i = 0; i < 4'000'000; ++i) many += "\x80\x02";
  expect_refused(around(Pickle().raw(many)), "more than 4000000 opcodes");
  expect_refused(pth_archive(std::string((std::size_t{64} << 20) + 1, 'N'), {}), "more than the limit of 67108864");
}

TEST(Pth, CyclesAndSharedPartsAreHarmless) {
  EXPECT_TRUE(read(around(Pickle().raw("]q\x01h\x01"
                                       "a")))
                  .empty());
  EXPECT_TRUE(read(around(Pickle().raw("}q\x01").text("self").raw("h\x01s"))).empty());
  // Sixty lists, each of which holds the one before it twice: 2^60 ways to one tensor.
  Pickle shared;
  shared.tensor("FloatStorage", "0", 6, 0, {6}, {1})
      .raw({"q\0"
            "0",
            3});
  for (int i = 0; i < 60; ++i) {
    const std::string before(1, static_cast<char>(i));
    const std::string place(1, static_cast<char>(i + 1));
    shared.raw("](h" + before).raw("h" + before).raw("eq" + place).raw("0");
  }
  expect_refused(around(shared.raw("h<")), "than can be told apart");
  Pickle deep;
  deep.raw(std::string(300, ']')).raw(std::string(299, 'a'));
  expect_refused(around(deep), "nests too deeply");
}

TEST(Pth, WhatIsNoTensorIsPassedOverOrNamed) {
  EXPECT_TRUE(read(around(Pickle().raw("N"))).empty());
  EXPECT_EQ(read(around(Pickle().tensor("FloatStorage", "0", 6, 0, {6}, {1})))[0].name, "");
  EXPECT_TRUE(read(around(Pickle().ordered_dict().text("epoch").integer(3).raw("s"))).empty());
  expect_refused(around(Pickle().ordered_dict().text("weight").integer(3).raw("s")),
                 "'weight' is a number, not a tensor");
  expect_refused(around(Pickle().ordered_dict().text("bias").raw("]K\x01"
                                                                 "as")),
                 "'bias' is a list, not a tensor");
  EXPECT_TRUE(read(around(Pickle().ordered_dict().text("bias").raw("Ns"))).empty()) << "None is no bias";
  EXPECT_EQ(
      read(around(Pickle().ordered_dict().integer(3).tensor("FloatStorage", "0", 6, 0, {6}, {1}).raw("s")))[0].name,
      "3");
}

}  // namespace
}  // namespace kintsugi
