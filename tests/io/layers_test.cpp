#include "io/layers.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "io/expect_error.hpp"
#include "io/import.hpp"
#include "io/pth_writer.hpp"
#include "io/tensor_files.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

Tensor weight(const std::string& name, double value = 1) { return {name, TensorType::float32, {1, 1}, {value}}; }
Tensor bias(const std::string& name, double value = 1) { return {name, TensorType::float32, {1}, {value}}; }

std::vector<StoredTensor> stored(const std::vector<Tensor>& tensors) {
  std::vector<StoredTensor> result;
  for (const Tensor& tensor : tensors) {
    StoredTensor& each = result.emplace_back();
    each.path = {tensor.name};
    each.type = tensor.type;
    each.shape = tensor.shape;
    each.read = [values = tensor.values] { return values; };
  }
  return result;
}

/// At the end of `path`.
StoredTensor at(std::vector<std::string> path, const Tensor& tensor) {
  StoredTensor result = stored({tensor})[0];
  result.path = std::move(path);
  return result;
}

std::vector<std::string> sources(std::vector<StoredTensor> tensors) {
  LeftOut left_out;
  std::vector<std::string> names;
  for (const PieceF64& piece : pieces_of(std::move(tensors), "m", left_out)) names.push_back(piece.source);
  return names;
}

std::vector<std::string> sources(const std::vector<Tensor>& tensors) { return sources(stored(tensors)); }

void expect_refused(std::vector<StoredTensor> tensors, std::initializer_list<std::string> parts) {
  LeftOut left_out;
  expect_error<InputError>([&] { static_cast<void>(pieces_of(std::move(tensors), "m.npz", left_out)); }, parts);
}

void expect_refused(const std::vector<Tensor>& tensors, std::initializer_list<std::string> parts) {
  expect_refused(stored(tensors), parts);
}

using Names = std::vector<std::string>;

TEST(Layers, NumbersThatAllNamesEndInAreTheIndices) {
  EXPECT_EQ(sources({weight("piece_2.weight"), weight("p0.weight"), bias("piece_2.bias"), weight("x.1.weight")}),
            (Names{"m: p0", "m: x.1", "m: piece_2"}));
  LeftOut left_out;
  const std::vector<PieceF64> pieces =
      pieces_of(stored({weight("b1_weight", 7), weight("b0/weight"), bias("b1_bias", 8)}), "m", left_out);
  EXPECT_TRUE(left_out.sentences().empty());
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1].index, 1);
  EXPECT_EQ(pieces[1].weight, std::vector<double>{7});
  EXPECT_EQ(pieces[1].bias, std::vector<double>{8});
  EXPECT_TRUE(pieces[0].bias.empty());
}

TEST(Layers, OrTheOnlyNumbersThatTellTheNamesApart) {
  EXPECT_EQ(sources({weight("p.1.linear.weight"), weight("p.0.linear.weight")}),
            (Names{"m: p.0.linear", "m: p.1.linear"}));
  // What wrappers put into the names is not looked at.
  EXPECT_EQ(sources({weight("module.1._orig_mod.weight"), weight("module.0._orig_mod.weight")}),
            (Names{"m: module.0._orig_mod", "m: module.1._orig_mod"}));
}

TEST(Layers, ElseThePlaceInTheFile) {
  // No number; a gap; the same number twice; a number too long for an index.
  EXPECT_EQ(sources({weight("b.weight"), weight("a1.weight")}), (Names{"m: b", "m: a1"}));
  EXPECT_EQ(sources({weight("2.weight"), weight("0.weight")}), (Names{"m: 2", "m: 0"}));
  EXPECT_EQ(sources({weight("1.fc0.weight"), weight("0.fc0.weight")}), (Names{"m: 1.fc0", "m: 0.fc0"}));
  EXPECT_EQ(sources({weight("9999999999999.weight"), weight("0.weight")}), (Names{"m: 9999999999999", "m: 0"}));
  EXPECT_EQ(sources({weight("weight")}), Names{"m"});
}

TEST(Layers, GainsAndScalesAreOfOneDimension) {
  LeftOut left_out;
  const std::vector<PieceF64> pieces = pieces_of(stored({weight("0.inp.weight"),
                                                         {"0.norm.weight", TensorType::float32, {2}, {1, 2}},
                                                         {"0.norm.bias", TensorType::float32, {2}, {3, 4}},
                                                         {"0.scale", TensorType::float32, {2}, {5, 6}}}),
                                                 "m", left_out);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].in, 1U);
  EXPECT_EQ(pieces[1].in, 0U);
  EXPECT_EQ(pieces[1].out, 2U);
  EXPECT_EQ(pieces[1].bias, (std::vector<double>{3, 4}));
  EXPECT_EQ(pieces[2].source, "m: 0.scale");
  EXPECT_EQ(pieces[2].weight, (std::vector<double>{5, 6}));
  EXPECT_TRUE(pieces[2].bias.empty());
}

TEST(Layers, Rules) {
  expect_refused(std::vector<Tensor>{}, {"m.npz", "holds no linear layers", "no tensors at all"});
  expect_refused({weight("b.weight"), bias("a.bias")}, {"'a.bias'", "without a weight"});
  expect_refused({bias("a.bias"), bias("arr_0")}, {"holds no linear layers", "'a.bias' [1], 'arr_0' [1]"});
  expect_refused({weight("a.weight"), weight("a_weight")}, {"'a.weight' and 'a_weight' are the same part"});
  expect_refused({weight("a.weight"), {"a.running_mean", TensorType::float32, {2}, {1, 2}}},
                 {"'a.running_mean' [2]", "linear layers"});
  expect_refused({weight("myweight")}, {"'myweight'"});
  expect_refused({weight("b.weight"), {"shift", TensorType::float32, {2}, {1, 2}}}, {"'shift' [2] has one dimension"});
  expect_refused({{"a.weight", TensorType::float32, {0, 2}, {}}}, {"[0 x 2]"});
  expect_refused({weight("a.weight"), {"a.bias", TensorType::float32, {2}, {1, 2}}}, {"'a.bias'", "has 1 rows"});
  expect_refused({{"a.weight", TensorType::float32, {2, 1}, {1, 2}}, bias("a.bias")}, {"has 2 rows", "transposed"});
  expect_refused({{"a.weight", TensorType::int8, {1, 1}, {1}}}, {"'a.weight' has int8 numbers", "quantized"});
  expect_refused({{"a.weight", TensorType::float8_e5m2, {1, 2}, {0, 0}}}, {"'a.weight' is 0", "float8_e5m2"});
  EXPECT_EQ(sources({{"a.weight", TensorType::float16, {1, 2}, {0, 0}}}), Names{"m: a"});

  expect_refused({weight("a.weight", std::numeric_limits<double>::quiet_NaN())}, {"element 0 of 'a.weight' is nan"});
  expect_refused({weight("a.weight"), bias("a.bias", std::numeric_limits<double>::infinity())}, {"infinite"});
}

class LayerFiles : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(scratch_.path() / name, std::ios::binary) << bytes;
    return scratch_.path() / name;
  }

  testing::ScratchFolder scratch_;
};

TEST_F(LayerFiles, AreReadByTheirEnding) {
  testing::Pickle pickle;
  pickle.ordered_dict().mark();
  pickle.text("b.weight").tensor("DoubleStorage", "0", 2, 0, {2, 1}, {1, 1});
  pickle.text("a.weight").tensor("DoubleStorage", "0", 2, 1, {1, 1}, {1, 1}).raw("u");
  const std::string numbers = testing::bytes_of(std::vector<double>{0.1, 2});
  const std::string npy = testing::npy_of(testing::npy_dict("<f8", "(2, 1)"), numbers);
  const std::string header = R"({"b.weight":{"dtype":"F64","shape":[2,1],"data_offsets":[0,16]}})";
  const std::vector<std::filesystem::path> files{
      write("m.pth", testing::pth_archive(pickle.finish(), {{"0", numbers}})),
      write("m.npz", testing::zip_archive({{"b.weight.npy", npy}})),
      write("m.safetensors", testing::safetensors_of(header, numbers)),
  };
  for (const std::filesystem::path& file : files) {
    const NetworkF64 network = read_pieces(file, Activation::tanh);
    EXPECT_EQ(network.activation, Activation::tanh);
    ASSERT_EQ(network.pieces.size(), file.extension() == ".pth" ? 2U : 1U) << file;
    EXPECT_EQ(network.pieces[0].weight, (std::vector<double>{0.1, 2})) << file;
    EXPECT_EQ(network.pieces[0].source, file.string() + ": b");
  }
  const std::filesystem::path other = write("m.bin", "x");
  expect_error<InputError>([&] { static_cast<void>(read_pieces(other, Activation::relu)); },
                           {"m.bin", ".pth, .pt, .safetensors or .npz"});
}

TEST(StateDicts, TheOneWithLayersIsFoundUnderAnyKeys) {
  const Tensor moment{"", TensorType::float32, {1, 1}, {1}};
  LeftOut left_out;
  const std::vector<PieceF64> pieces =
      pieces_of({at({"state", "net", "0.inp.weight"}, weight("")), at({"state", "net", "0.inp.bias"}, bias("")),
                 at({"state", "net", "0.out.weight"}, weight("")), at({"optimizer", "state", "0", "exp_avg"}, moment),
                 at({"optimizer", "state", "1", "exp_avg"}, moment)},
                "c.pth", left_out);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1].source, "c.pth: 0.out");
  EXPECT_EQ(left_out.sentences(), Names{"c.pth: left out 'optimizer' (2 tensors)"});
  // A dict's own tensors, and training's beside them.
  EXPECT_EQ(sources({at({"0.weight"}, weight("")), at({"optimizer", "0", "exp_avg"}, moment)}), Names{"m: 0"});
}

TEST(StateDicts, DictsAndListsOfLayersAreOneModel) {
  EXPECT_EQ(sources({at({"b", "weight"}, weight("")), at({"a", "weight"}, weight("")), at({"a", "bias"}, bias(""))}),
            (Names{"m: b", "m: a"}));
  EXPECT_EQ(sources({at({"pieces", "1", "weight"}, weight("")), at({"pieces", "0", "weight"}, weight(""))}),
            (Names{"m: 0", "m: 1"}));
  EXPECT_EQ(sources({at({"blocks", "0", "inp.weight"}, weight("")), at({"blocks", "1", "inp.weight"}, weight("")),
                     at({"head", "weight"}, weight(""))}),
            (Names{"m: blocks.0.inp", "m: blocks.1.inp", "m: head"}));
}

TEST(StateDicts, SeveralModelsAreNamed) {
  expect_refused(
      {at({"model", "0.weight"}, weight("")), at({"ema", "0.weight"}, weight("")), at({"ema", "1.weight"}, weight(""))},
      {"several state dicts", "'model' (1 layer), 'ema' (2 layers)"});
  expect_refused({at({"0.weight"}, weight("")), at({"ema", "0.weight"}, weight(""))}, {"'ema' (1 layer) and its own"});
}

TEST(StateDicts, WhatIsNotTrainingsIsNotLeftOut) {
  const Tensor gain{"", TensorType::float32, {2}, {1, 2}};
  expect_refused({at({"inp", "weight"}, weight("")), at({"out", "weight"}, weight("")), at({"norm", "beta"}, gain)},
                 {"'norm.beta' [2] has one dimension", "gains of norms"});
}

TEST(Layers, CountersAndLossesAreLeftOut) {
  const auto number = [](const std::string& name, TensorType type) { return Tensor{name, type, {}, {1}}; };
  LeftOut left_out;
  EXPECT_EQ(pieces_of(stored({weight("a.weight"), number("n_averaged", TensorType::int64),
                              number("val_loss", TensorType::float32)}),
                      "m", left_out)
                .size(),
            1U);
  EXPECT_EQ(left_out.sentences(), Names{"m: left out 'n_averaged', 'val_loss'"});
  EXPECT_EQ(
      sources(
          {weight("a.weight"), {"rng_state", TensorType::uint8, {3}, {1, 2, 3}}, number("lr", TensorType::float32)}),
      Names{"m: a"});
  expect_refused({weight("a.weight"), {"mask", TensorType::uint8, {3}, {1, 2, 3}}}, {"'mask' [3]"});
  expect_refused({weight("a.weight"), number("a.alpha", TensorType::float32)}, {"'a.alpha'"});
  expect_refused({weight("a.weight"), number("alpha", TensorType::float32)}, {"'alpha'"});
  expect_refused({weight("a.weight"), number("a.weight_scale", TensorType::float32)}, {"'a.weight_scale'"});
  expect_refused({weight("a.weight"), number("a.zero_point", TensorType::int32)}, {"'a.zero_point'"});
  expect_refused({weight("a.weight"), number("a.bits", TensorType::int32)}, {"'a.bits'"});
}

}  // namespace
}  // namespace kintsugi
