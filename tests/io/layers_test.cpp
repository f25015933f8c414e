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

std::vector<std::string> sources(std::vector<Tensor> tensors) {
  std::vector<std::string> names;
  for (const PieceF64& piece : pieces_of(std::move(tensors), "m")) names.push_back(piece.source);
  return names;
}

void expect_refused(std::vector<Tensor> tensors, std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { static_cast<void>(pieces_of(std::move(tensors), "m.npz")); }, parts);
}

using Names = std::vector<std::string>;

TEST(Layers, NumbersThatAllNamesEndInAreTheIndices) {
  EXPECT_EQ(sources({weight("piece_2.weight"), weight("p0.weight"), bias("piece_2.bias"), weight("x.1.weight")}),
            (Names{"m: p0", "m: x.1", "m: piece_2"}));
  const std::vector<PieceF64> pieces =
      pieces_of({weight("b1_weight", 7), weight("b0/weight"), bias("b1_bias", 8)}, "m");
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[1].index, 1);
  EXPECT_EQ(pieces[1].weight, std::vector<double>{7});
  EXPECT_EQ(pieces[1].bias, std::vector<double>{8});
  EXPECT_TRUE(pieces[0].bias.empty());
}

TEST(Layers, ElseThePlaceInTheFile) {
  // No number; a gap; the same number twice; a number too long for an index.
  EXPECT_EQ(sources({weight("b.weight"), weight("a1.weight")}), (Names{"m: b", "m: a1"}));
  EXPECT_EQ(sources({weight("2.weight"), weight("0.weight")}), (Names{"m: 2", "m: 0"}));
  EXPECT_EQ(sources({weight("1.fc0.weight"), weight("0.fc0.weight")}), (Names{"m: 1.fc0", "m: 0.fc0"}));
  EXPECT_EQ(sources({weight("9999999999999.weight"), weight("0.weight")}), (Names{"m: 9999999999999", "m: 0"}));
  EXPECT_EQ(sources({weight("weight")}), Names{"m"});
}

TEST(Layers, Rules) {
  expect_refused({}, {"m.npz", "holds no layers"});
  expect_refused({bias("a.bias")}, {"'a.bias'", "without a weight"});
  expect_refused({weight("a.weight"), weight("a_weight")}, {"'a.weight' and 'a_weight' are the same part"});
  expect_refused({weight("a.weight"), bias("a.running_mean")}, {"'a.running_mean'", "linear layers"});
  expect_refused({weight("myweight")}, {"'myweight'"});
  expect_refused({{"a.weight", TensorType::float32, {2}, {1, 2}}}, {"'a.weight' has the shape [2]"});
  expect_refused({{"a.weight", TensorType::float32, {0, 2}, {}}}, {"[0 x 2]"});
  expect_refused({weight("a.weight"), {"a.bias", TensorType::float32, {2}, {1, 2}}}, {"'a.bias'", "has 1 rows"});
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

}  // namespace
}  // namespace kintsugi
