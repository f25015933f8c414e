#include "io/model_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "io/expect_error.hpp"
#include "io/import.hpp"
#include "io/pth.hpp"
#include "io/safetensors.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

/// Two blocks (hidden sizes 2 and 1, one bias missing) and a head; pieces in another order than the network's.
NetworkF64 network() {
  NetworkF64 network;
  network.pieces = {{0, 3, 1, {1, 2, 3}, {4, 5, 6}, ""},            // compress of block 1
                    {1, 2, 3, {1, 2, 3, 4, 5, 6}, {}, ""},          // expand of block 0
                    {2, 1, 3, {0.5, 0.25, 0.125}, {8}, ""},         // head
                    {3, 1, 3, {-1, -2, -3}, {7}, ""},               // expand of block 1
                    {4, 3, 2, {6, 5, 4, 3, 2, 1}, {1, 1, 1}, ""}};  // compress of block 0
  return network;
}

const Assembly kAssembly{{{1, 4}, {3, 0}}, 2};

const ProblemFingerprint problem{"w", "r", "gelu"};

class ModelFile : public ::testing::Test {
 protected:
  /// Writes the network and reads it back.
  std::vector<Tensor> round_trip(const NetworkF64& network, const std::string& name) const {
    const std::filesystem::path path = scratch_.path() / name;
    write_model(path, network, kAssembly, problem);
    return path.extension() == ".safetensors" ? read_safetensors(path) : read_state_dict(path);
  }

  std::string bytes(const std::string& name) const {
    std::ifstream file(scratch_.path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::ScratchFolder scratch_;
};

TEST_F(ModelFile, NamesShapesAndNumbersInTheNetworksOrder) {
  for (const std::string name : {"m.safetensors", "m.pth", "m.pt"}) {
    SCOPED_TRACE(name);
    const std::vector<Tensor> tensors = round_trip(network(), name);
    std::vector<std::string> names;
    for (const Tensor& tensor : tensors) {
      names.push_back(tensor.name);
      EXPECT_EQ(tensor.type, TensorType::float32);
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"0.inp.weight", "0.out.weight", "0.out.bias", "1.inp.weight", "1.inp.bias",
                                        "1.out.weight", "1.out.bias", "2.layer.weight", "2.layer.bias"}));
    EXPECT_EQ(tensors.at(0).shape, (std::vector<std::size_t>{2, 3}));
    EXPECT_EQ(tensors.at(0).values, network().pieces[1].weight);
    EXPECT_EQ(tensors.at(5).shape, (std::vector<std::size_t>{3, 1}));
    EXPECT_EQ(tensors.at(6).values, network().pieces[0].bias);
    EXPECT_EQ(tensors.at(7).values, network().pieces[2].weight);
  }
}

TEST_F(ModelFile, Float64StaysFloat64) {
  NetworkF64 wide = network();
  wide.pieces[3].bias[0] = 0.1;
  for (const std::string name : {"m.safetensors", "m.pth"}) {
    for (const Tensor& tensor : round_trip(wide, name)) EXPECT_EQ(tensor.type, TensorType::float64) << name;
    EXPECT_EQ(round_trip(wide, name).at(4).values, std::vector<double>{0.1});
  }
}

TEST_F(ModelFile, LargeShapesAreKept) {
  NetworkF64 large = network();
  large.pieces[1] = {1, 300, 3, std::vector<double>(900, 0.5), {}, ""};
  large.pieces[4] = {4, 3, 300, std::vector<double>(900, 2), {}, ""};
  const std::vector<Tensor> tensors = round_trip(large, "m.pth");
  EXPECT_EQ(tensors.at(0).shape, (std::vector<std::size_t>{300, 3}));
  EXPECT_EQ(tensors.at(1).values, std::vector<double>(900, 2));
}

TEST_F(ModelFile, IsReadBackByImport) {
  for (const std::string name : {"m.safetensors", "m.pth"}) {
    write_model(scratch_.path() / name, network(), kAssembly, problem);
    const NetworkF64 again = read_pieces(scratch_.path() / name, Activation::relu);
    ASSERT_EQ(again.pieces.size(), 5U);
    EXPECT_EQ(again.pieces[0].weight, network().pieces[1].weight);
    EXPECT_EQ(again.pieces[4].bias, network().pieces[2].bias);
    ImportNotes notes;
    static_cast<void>(read_pieces(scratch_.path() / name, Activation::relu, &notes));
    EXPECT_EQ(notes.activation, Activation::gelu);
    EXPECT_TRUE(notes.left_out.empty());
  }
}

TEST_F(ModelFile, EqualNetworksGiveEqualBytes) {
  for (const std::string ending : {".safetensors", ".pth"}) {
    write_model(scratch_.path() / ("a" + ending), network(), kAssembly, problem);
    write_model(scratch_.path() / ("b" + ending), network(), kAssembly, problem);
    EXPECT_EQ(bytes("a" + ending), bytes("b" + ending));
    EXPECT_FALSE(bytes("a" + ending).empty());
  }
}

TEST_F(ModelFile, OtherEndingsAreRefused) {
  expect_error<UsageError>([&] { write_model(scratch_.path() / "m.onnx", network(), kAssembly, problem); },
                           {"m.onnx", ".safetensors, .pth or .pt"});
  expect_error<UsageError>([] { check_model_path("model"); }, {"'model'"});
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "m.onnx"));
}

}  // namespace
}  // namespace kintsugi
