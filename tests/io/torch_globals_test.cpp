// What torch.save of PyTorch 1.6 to 2.9 can write for tensors, function by function: each is followed, or refused by a
// message that says what it is.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>

#include "io/expect_error.hpp"
#include "io/pth.hpp"
#include "io/pth_writer.hpp"

namespace kintsugi {
namespace {

using testing::bytes_of;
using testing::expect_error;
using testing::Pickle;
using Make = std::function<void(Pickle&)>;

const std::vector<float> six{1, -2, 3, -4, 5, -6};
const std::vector<double> six_read{1, -2, 3, -4, 5, -6};

std::vector<StoredTensor> open(const Make& make, const std::string& numbers, const std::string& byte_order = "little") {
  Pickle pickle;
  pickle.ordered_dict().text("weight");
  make(pickle);
  pickle.raw("s");
  const std::string file = testing::zip_archive({{"archive/data.pkl", pickle.finish()},
                                                 {"archive/byteorder", byte_order},
                                                 {"archive/data/0", numbers},
                                                 {"archive/version", "3\n"}});
  const auto owner = std::make_shared<std::string>(file);
  return open_pytorch({owner, {owner->data(), owner->size()}}, "x.pth");
}

std::vector<double> read(const Make& make, const std::string& numbers = bytes_of(six)) {
  const std::vector<StoredTensor> tensors = open(make, numbers);
  EXPECT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors.at(0).problem, "");
  EXPECT_EQ(tensors.at(0).path, std::vector<std::string>{"weight"});
  return tensors.at(0).read();
}

/// Why the tensor cannot be read.
std::string problem(const Make& make) {
  const std::vector<StoredTensor> tensors = open(make, bytes_of(six));
  EXPECT_EQ(tensors.size(), 1U);
  return tensors.at(0).problem;
}

void expect_problem(const Make& make, const std::string& words) {
  EXPECT_NE(problem(make).find(words), std::string::npos) << problem(make);
}

void call(Pickle& pickle, std::string_view module, std::string_view name) { pickle.global(module, name).mark(); }
void utils(Pickle& pickle, std::string_view name) { call(pickle, "torch._utils", name); }

/// Storage, offset, sizes and strides of a [2 x 3] tensor.
void view(Pickle& pickle, std::string_view storage = "FloatStorage", std::uint64_t elements = 6) {
  pickle.storage(storage, "0", elements).integer(0).integers({2, 3}).integers({3, 1});
}

void v2(Pickle& pickle) { pickle.tensor("FloatStorage", "0", 6, 0, {2, 3}, {3, 1}); }

void metadata(Pickle& pickle, std::string_view name, bool value) {
  pickle.raw("}").text(name).raw(value ? "\x88" : "\x89").raw("s");
}

TEST(TorchGlobals, RebuildTensor) {
  EXPECT_EQ(read([](Pickle& p) { utils(p, "_rebuild_tensor"), view(p), p.tuple().reduce(); }), six_read);
  EXPECT_EQ(read(v2), six_read);
}

TEST(TorchGlobals, BackwardHooksAndGradientsSayNothing) {
  const auto make = [](Pickle& p) {
    utils(p, "_rebuild_tensor_v2"), view(p);
    p.raw("\x88").ordered_dict().integer(1).global("mine", "hook").raw("s").raw("N").tuple().reduce();
  };
  EXPECT_EQ(read(make), six_read);
}

TEST(TorchGlobals, MetadataOfNegatedAndConjugatedTensors) {
  const auto with = [](std::string_view name, bool value) {
    return [=](Pickle& p) {
      utils(p, "_rebuild_tensor_v2"), view(p), p.raw("\x89").ordered_dict();
      metadata(p, name, value), p.tuple().reduce();
    };
  };
  EXPECT_EQ(read(with("neg", true)), (std::vector<double>{-1, 2, -3, 4, -5, 6}));
  EXPECT_EQ(read(with("neg", false)), six_read);
  EXPECT_EQ(read(with("conj", true)), six_read) << "of real numbers";
  expect_problem(with("more", true), "'more', which is not followed");
  EXPECT_EQ(read(with("more", false)), six_read);
}

/// _rebuild_tensor_v3 over bytes of no type.
Make untyped(std::string_view dtype, std::uint64_t bytes, std::string_view storage = "UntypedStorage") {
  return [=](Pickle& p) {
    utils(p, "_rebuild_tensor_v3"), p.mark().text("storage").global("torch.storage", storage).text("0").text("cpu");
    p.integer(bytes).tuple().raw("Q").integer(0).integers({2, 3}).integers({3, 1}).raw("\x89").ordered_dict();
    p.global("torch", dtype).tuple().reduce();
  };
}

TEST(TorchGlobals, Float8AndOtherTypesOfVersion3) {
  struct Kind {
    const char* name;
    std::string bytes;
    std::vector<double> values;
  };
  // Zero, the least, the least normal number, 1, -2 and the greatest.
  const std::vector<Kind> kinds{
      {"float8_e4m3fn", "\x01\x08\x38\xC0\x7E", {0, 0x1p-9, 0x1p-6, 1, -2, 448}},
      {"float8_e5m2", "\x01\x04\x3C\xC0\x7B", {0, 0x1p-16, 0x1p-14, 1, -2, 57344}},
      {"float8_e4m3fnuz", "\x01\x08\x40\xC8\x7F", {0, 0x1p-10, 0x1p-7, 1, -2, 240}},
      {"float8_e5m2fnuz", "\x01\x04\x40\xC4\x7F", {0, 0x1p-17, 0x1p-15, 1, -2, 57344}},
  };
  for (const Kind& kind : kinds) {
    EXPECT_EQ(read(untyped(kind.name, 6), std::string(1, '\0') + kind.bytes), kind.values) << kind.name;
  }
  EXPECT_EQ(read(untyped("float8_e8m0fnu", 6), std::string("\x00\x7F\x80\x7E\xFE\x81", 6)),
            (std::vector<double>{0x1p-127, 1, 2, 0.5, 0x1p127, 4}));
  EXPECT_EQ(read(untyped("float32", 24)), six_read);
  EXPECT_EQ(read(untyped("uint16", 12), bytes_of(std::vector<std::uint16_t>{1, 2, 3, 4, 5, 65535})),
            (std::vector<double>{1, 2, 3, 4, 5, 65535}));
  expect_problem(untyped("float4_e2m1fn_x2", 24), "float4_e2m1fn_x2");
  expect_problem(untyped("bits8", 24), "torch.bits8");
  expect_error<InputError>([] { read(untyped("float32", 20), std::string(20, '\0')); },
                           {"lies outside its storage of 5"});
}

TEST(TorchGlobals, NotANumberOfFloat8) {
  const auto last = [](const char* name, char code) {
    return read(untyped(name, 6), std::string(5, '\0') + code).at(5);
  };
  EXPECT_TRUE(std::isnan(last("float8_e4m3fn", '\xFF')));
  EXPECT_EQ(last("float8_e5m2", '\xFC'), -INFINITY);
  EXPECT_TRUE(std::isnan(last("float8_e5m2", '\x7D')));
  EXPECT_TRUE(std::isnan(last("float8_e4m3fnuz", '\x80')));
  EXPECT_TRUE(std::isnan(last("float8_e5m2fnuz", '\x80')));
  EXPECT_TRUE(std::isnan(last("float8_e8m0fnu", '\xFF')));
}

TEST(TorchGlobals, StoragesOfAllTypes) {
  struct Kind {
    const char* storage;
    std::string bytes;
  };
  const std::vector<Kind> kinds{
      {"DoubleStorage", bytes_of(std::vector<double>{1, 2, 3, 4, 5, 6})},
      {"BoolStorage", std::string(6, '\1')},
      {"ByteStorage", "\1\2\3\4\5\6"},
      {"CharStorage", "\1\2\3\4\5\6"},
      {"ShortStorage", bytes_of(std::vector<std::int16_t>{1, 2, 3, 4, 5, 6})},
      {"IntStorage", bytes_of(std::vector<std::int32_t>{1, 2, 3, 4, 5, 6})},
      {"LongStorage", bytes_of(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6})},
  };
  for (const Kind& kind : kinds) {
    const bool is_boolean = std::string(kind.storage) == "BoolStorage";
    const std::vector<double> expected = is_boolean ? std::vector<double>(6, 1) : std::vector<double>{1, 2, 3, 4, 5, 6};
    const auto make = [&](Pickle& p) { p.tensor(kind.storage, "0", 6, 0, {2, 3}, {3, 1}); };
    EXPECT_EQ(read(make, kind.bytes), expected) << kind.storage;
  }
  for (const char* const storage : {"ComplexFloatStorage", "ComplexDoubleStorage", "QInt8Storage", "QUInt8Storage",
                                    "QInt32Storage", "QUInt4x2Storage", "QUInt2x4Storage"}) {
    expect_problem([&](Pickle& p) { p.tensor(storage, "0", 6, 0, {2, 3}, {3, 1}); }, "which are not read");
  }
}

TEST(TorchGlobals, BigEndianNumbers) {
  const auto reversed = [](auto values) {
    std::string bytes = bytes_of(values);
    const std::size_t size = bytes.size() / values.size();
    for (std::size_t at = 0; at < bytes.size(); at += size) std::reverse(bytes.data() + at, bytes.data() + at + size);
    return bytes;
  };
  const auto tensor = [](const char* storage) {
    return [=](Pickle& p) { p.tensor(storage, "0", 6, 0, {2, 3}, {3, 1}); };
  };
  EXPECT_EQ(open(tensor("FloatStorage"), reversed(six), "big")[0].read(), six_read);
  EXPECT_EQ(open(tensor("DoubleStorage"), reversed(six_read), "big")[0].read(), six_read);
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0, 0, 0, 0x4200};
  EXPECT_EQ(open(tensor("HalfStorage"), reversed(half), "big")[0].read(), (std::vector<double>{1, -2, 0, 0, 0, 3}));
  const std::vector<std::uint16_t> brain{0x3F80, 0xC000, 0, 0, 0, 0x4040};
  EXPECT_EQ(open(tensor("BFloat16Storage"), reversed(brain), "big")[0].read(),
            (std::vector<double>{1, -2, 0, 0, 0, 3}));
  EXPECT_EQ(open(untyped("float32", 24), reversed(six), "big")[0].read(), six_read);
}

TEST(TorchGlobals, Parameters) {
  EXPECT_EQ(
      read([](Pickle& p) { utils(p, "_rebuild_parameter"), v2(p), p.raw("\x88").ordered_dict().tuple().reduce(); }),
      six_read);
  EXPECT_EQ(read([](Pickle& p) {
              utils(p, "_rebuild_parameter_with_state"), v2(p), p.raw("\x88").ordered_dict();
              p.raw("}").text("note").text("mine").raw("s").tuple().reduce();
            }),
            six_read);
}

TEST(TorchGlobals, TensorsOfAClass) {
  const auto typed = [](std::string_view module, std::string_view function, std::string_view of,
                        std::string_view name) {
    return [=](Pickle& p) {
      call(p, module, function), p.global("torch._utils", "_rebuild_tensor_v2").global(of, name).mark(), view(p);
      p.raw("\x89").ordered_dict().tuple().raw("}").tuple().reduce();
    };
  };
  EXPECT_EQ(read(typed("torch._tensor", "_rebuild_from_type_v2", "torch.nn.parameter", "Parameter")), six_read);
  EXPECT_EQ(read(typed("torch._tensor", "_rebuild_from_type", "torch", "Tensor")), six_read);
  EXPECT_EQ(read(typed("torch.tensor", "_rebuild_from_type", "torch", "Tensor")), six_read);
  expect_problem(typed("torch._tensor", "_rebuild_from_type_v2", "mine", "Scaled"), "class mine.Scaled");
}

TEST(TorchGlobals, TensorsOfOtherDevices) {
  const auto array = [](Pickle& p, std::string_view code) {
    p.global("numpy.core.multiarray", "_reconstruct").mark().global("numpy", "ndarray").integers({0}).raw("C\1b");
    p.tuple().reduce().mark().integer(1).integers({2, 3}).global("numpy", "dtype").mark().text(code).raw("\x89\x88");
    p.tuple().reduce().mark().integer(3).text("<").raw("NNN").tuple().raw("b\x89");
    const std::string bytes = bytes_of(six);
    p.raw(std::string("C") + static_cast<char>(bytes.size()) + bytes).tuple().raw("b");
  };
  for (const char* const name : {"_rebuild_device_tensor_from_numpy", "_rebuild_xla_tensor"}) {
    const auto of = [&](std::string_view dtype) {
      return [=](Pickle& p) {
        utils(p, name), array(p, "f4"), p.global("torch", dtype).text("xla:0").raw("\x89").tuple().reduce();
      };
    };
    EXPECT_EQ(read(of("float32")), six_read);
    EXPECT_EQ(read(of("bfloat16")), six_read);
    expect_problem(of("float16"), "another type than its own");
  }
  EXPECT_EQ(read([&](Pickle& p) {
              utils(p, "_rebuild_device_tensor_from_cpu_tensor"), v2(p);
              p.global("torch", "float32").text("maia:0").raw("\x89").tuple().reduce();
            }),
            six_read);
}

TEST(TorchGlobals, KindsWithoutPlainNumbers) {
  const auto of = [](const char* name) { return [=](Pickle& p) { utils(p, name), p.integer(1).tuple().reduce(); }; };
  expect_problem(of("_rebuild_sparse_tensor"), "sparse");
  expect_problem(of("_rebuild_sparse_csr_tensor"), "sparse");
  expect_problem(of("_rebuild_nested_tensor"), "nested tensor");
  expect_problem(of("_rebuild_qtensor"), "quantized");
  expect_problem(of("_rebuild_meta_tensor_no_storage"), "'meta'");
  expect_problem(of("_rebuild_wrapper_subclass"), "wraps others");
  expect_problem(of("_rebuild_tensor_v4"), "torch._utils._rebuild_tensor_v4, which is not known here");
}

TEST(TorchGlobals, TensorsOfOtherLibraries) {
  const auto other = [](Pickle& p) { call(p, "torchao.dtypes", "make"), v2(p), p.tuple().reduce(); };
  expect_problem(other, "torchao.dtypes.make, which is not read");
  expect_problem([&](Pickle& p) { utils(p, "_rebuild_parameter"), other(p), p.raw("\x88N").tuple().reduce(); },
                 "torchao.dtypes.make");
}

TEST(TorchGlobals, SizesAndNamesOfTypesBesideTensors) {
  EXPECT_EQ(
      read([](Pickle& p) {
        utils(p, "_rebuild_tensor_v2"), p.storage("FloatStorage", "0", 6).integer(0);
        p.global("torch", "Size").integers({2, 3}).raw("\x85").reduce().integers({3, 1}).raw("\x89").ordered_dict();
        p.tuple().reduce();
      }),
      six_read);
  // What stands beside tensors in checkpoints: a device, a dtype, a layout, a random generator's state.
  const auto beside = [](Pickle& p) {
    v2(p), p.raw("s").text("device").global("torch", "device").text("cuda").integer(0).raw("\x86").reduce().raw("s");
    p.text("dtype").global("torch", "float16").raw("s").text("layout").global("torch.serialization", "_get_layout");
    p.text("torch.strided").raw("\x85").reduce().raw("s").text("arguments").global("argparse", "Namespace");
    p.empty_tuple().raw("\x81}").text("lr").raw("G?\xF0").raw(std::string(6, '\0')).raw("sbs").text("last").raw("N");
  };
  EXPECT_EQ(read(beside), six_read);
}

TEST(TorchGlobals, NegativeStridesAreRefused) {
  const auto make = [](Pickle& p) {
    utils(p, "_rebuild_tensor_v2"),
        p.storage("FloatStorage", "0", 6).integer(5).integers({6}).raw("J\xFF\xFF\xFF\xFF\x85");
    p.raw("\x89").ordered_dict().tuple().reduce();
  };
  expect_error<InputError>([&] { read(make); }, {"x.pth", "negative"});
}

}  // namespace
}  // namespace kintsugi
