#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "io/expect_error.hpp"
#include "io/import.hpp"
#include "io/pth_writer.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::bytes_of;
using testing::expect_error;
using testing::linear_pth;
using testing::Pickle;

class Pieces : public ::testing::Test {
 protected:
  Pieces() { std::filesystem::create_directory(folder()); }

  [[nodiscard]] std::filesystem::path folder() const { return scratch_.path() / "pieces"; }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder() / name, std::ios::binary) << bytes;
  }

  void expect_refused(std::initializer_list<std::string> parts) const {
    expect_error<InputError>([&] { static_cast<void>(read_pieces(folder(), Activation::relu)); }, parts);
  }

  testing::ScratchFolder scratch_;
  std::string small_ = linear_pth(1, 2, {1, 2}, {});
};

TEST_F(Pieces, IndicesComeFromTheNames) {
  for (int i = 0; i < 11; ++i) {
    write((i % 2 == 0 ? "piece_" : "layer-0") + std::to_string(i) + (i % 3 == 0 ? ".pt" : ".pth"),
          linear_pth(1, 1, {static_cast<float>(i)}, {static_cast<float>(-i)}));
  }
  write("notes.txt", "hello");
  write("model.pth", "not a piece: no number");
  const NetworkF64 network = read_pieces(folder(), Activation::gelu);
  EXPECT_EQ(network.activation, Activation::gelu);
  ASSERT_EQ(network.pieces.size(), 11U);
  for (int i = 0; i < 11; ++i) {
    const PieceF64& piece = network.pieces[static_cast<std::size_t>(i)];
    EXPECT_EQ(piece.index, i);
    EXPECT_EQ(piece.weight, std::vector<double>{static_cast<double>(i)});
    EXPECT_EQ(piece.bias, std::vector<double>{static_cast<double>(-i)});
  }
  EXPECT_EQ(network.pieces[4].source, "pieces/piece_4.pth");
  EXPECT_EQ(read_pieces(folder().string() + "/", Activation::relu).pieces[4].source, "pieces/piece_4.pth");
}

TEST_F(Pieces, ShapesAndMissingBias) {
  write("piece_0.pth", linear_pth(2, 3, {1, 2, 3, 4, 5, 6}, {}));
  const PieceF64 piece = read_pieces(folder(), Activation::relu).pieces.at(0);
  EXPECT_EQ(piece.out, 2U);
  EXPECT_EQ(piece.in, 3U);
  EXPECT_TRUE(piece.bias.empty());
}

TEST_F(Pieces, FolderRules) {
  expect_refused({"pieces: holds no pieces"});
  write("piece_0.pth", small_);
  write("piece_2.pth", small_);
  expect_refused({"piece 1 is missing", "from 0 to 2 without a gap"});
  write("piece_1.pth", small_);
  write("layer_1.pth", small_);
  expect_refused({"layer_1.pth and piece_1.pth are both piece 1"});
  std::filesystem::remove(folder() / "layer_1.pth");
  write("piece_99999999999.pth", small_);
  expect_refused({"piece_99999999999.pth", "too large"});
  expect_error<InputError>([] { static_cast<void>(read_pieces("/nowhere", Activation::relu)); },
                           {"/nowhere", "cannot be read"});
}

TEST_F(Pieces, StateDictRules) {
  const auto one = [&](const Pickle& pickle) {
    write("piece_0.pth", testing::pth_archive(pickle.finish(), {{"0", bytes_of<float>({1, 2, 3, 4, 5, 6})}}));
  };
  const auto dict = [](const std::string& key, const std::vector<std::uint64_t>& shape) {
    const std::vector<std::uint64_t> strides(shape.size(), 1);
    return Pickle().ordered_dict().text(key).tensor("FloatStorage", "0", 6, 0, shape, strides).raw("s");
  };
  one(Pickle().ordered_dict());
  expect_refused({"piece_0.pth", "holds no linear layers", "no tensors"});
  one(dict("bias", {2}));
  expect_refused({"piece_0.pth", "holds no linear layers", "'bias' [2]"});
  one(dict("_orig_mod.weight", {2, 3}));
  EXPECT_EQ(read_pieces(folder(), Activation::relu).pieces.size(), 1U) << "any prefix will do";
  one(dict("weight", {6}));
  EXPECT_EQ(read_pieces(folder(), Activation::relu).pieces[0].in, 0U) << "a gain or scale";
  one(dict("weight", {1, 2, 3}));
  expect_refused({"'weight' [1 x 2 x 3]"});
  one(dict("weight", {0, 3}));
  expect_refused({"'weight' has the shape [0 x 3]"});
  one(dict("weight", {2, 3}).text("bias").tensor("FloatStorage", "0", 6, 0, {3}, {1}).raw("s"));
  expect_refused({"'bias' has the shape [3]", "the weight has 2 rows"});
  one(dict("weight", {2, 3}).text("bias").tensor("FloatStorage", "0", 6, 0, {2, 1}, {1, 1}).raw("s"));
  expect_refused({"'bias' has the shape [2 x 1]"});
}

TEST_F(Pieces, NumbersMustBeFinite) {
  write("piece_0.pth", linear_pth(1, 2, {1, NAN}, {}));
  expect_refused({"piece_0.pth", "element 1 of 'weight' is nan"});
  write("piece_0.pth", linear_pth(1, 2, {1, 2}, {INFINITY}));
  expect_refused({"piece_0.pth", "element 0 of 'bias' is infinite"});
}

}  // namespace
}  // namespace kintsugi
