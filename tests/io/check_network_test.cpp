#include <gtest/gtest.h>

#include <vector>

#include "io/expect_error.hpp"
#include "io/import.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;
using Shapes = std::vector<std::pair<std::size_t, std::size_t>>;

NetworkF64 network_of(const Shapes& shapes) {
  NetworkF64 network;
  for (const auto& [out, in] : shapes) {
    PieceF64 piece;
    piece.index = static_cast<int>(network.pieces.size());
    piece.out = out;
    piece.in = in;
    piece.source = "piece_" + std::to_string(piece.index) + ".pth";
    network.pieces.push_back(piece);
  }
  return network;
}

void expect_fine(const Shapes& shapes, std::size_t width, std::size_t outputs) {
  EXPECT_NO_THROW(check_network(network_of(shapes), {10, width, outputs}));
}

void expect_refused(const Shapes& shapes, std::size_t width, std::size_t outputs,
                    std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { check_network(network_of(shapes), {10, width, outputs}); }, parts);
}

TEST(CheckNetwork, OneHiddenSizeOrSeveral) {
  expect_fine({{8, 4}, {1, 4}, {4, 8}}, 4, 1);
  expect_fine({{8, 4}, {4, 3}, {3, 4}, {4, 8}, {2, 4}}, 4, 2);
}

TEST(CheckNetwork, AmbiguousShapesArePossible) {
  expect_fine({{4, 4}, {4, 4}, {1, 4}}, 4, 1);                  // h = d
  expect_fine({{1, 4}, {4, 1}, {1, 4}}, 4, 1);                  // h = k
  expect_fine({{8, 4}, {4, 8}, {4, 4}}, 4, 4);                  // k = d
  expect_fine({{4, 4}, {4, 4}, {4, 4}, {8, 4}, {4, 8}}, 4, 4);  // h = k = d
  expect_fine({{4, 4}, {4, 4}, {1, 4}, {1, 4}, {4, 1}}, 4, 1);  // h = d and h = k
}

TEST(CheckNetwork, ImpossibleShape) {
  expect_refused({{8, 4}, {4, 8}, {1, 4}, {5, 7}}, 4, 1,
                 {"piece 3 (piece_3.pth) is [5 x 7]", "fits no role", "4 measurements"});
  expect_refused({{8, 4}, {4, 8}, {1, 5}}, 4, 1, {"piece 2", "[1 x 5]"});
}

TEST(CheckNetwork, GatesAreNamed) {
  const Shapes gated{{8, 4}, {8, 4}, {4, 8}, {8, 4}, {4, 8}, {8, 4}, {1, 4}};
  expect_refused(gated, 4, 1, {"2 pieces are [4 x 8]", "twice as many [8 x 4]", "gated blocks", "SwiGLU"});
  const Shapes fused{{16, 4}, {4, 8}, {16, 4}, {4, 8}, {1, 4}};
  expect_refused(fused, 4, 1, {"as many [16 x 4]", "twice as large", "gated blocks"});
  const Shapes with_small_blocks{{8, 4}, {4, 8}, {16, 4}, {4, 16}, {1, 4}};
  expect_fine(with_small_blocks, 4, 1);
}

TEST(CheckNetwork, HeadMissingOrDouble) {
  expect_refused({{8, 4}, {4, 8}}, 4, 1, {"the head is missing", "[1 x 4]"});
  expect_refused({{8, 4}, {4, 8}, {1, 4}, {1, 4}}, 4, 1, {"second head", "2, 3"});
  expect_refused({{1, 4}, {4, 1}}, 4, 1, {"the head is missing", "pair up among themselves"});
  expect_refused({{1, 4}, {4, 1}, {4, 1}}, 4, 1, {"pieces are missing"});
  expect_refused({{8, 4}, {4, 8}}, 4, 4, {"the head is missing", "[4 x 4]"});
  expect_refused({{8, 4}, {4, 8}, {4, 4}, {4, 4}}, 4, 4, {"odd number", "missing or there is a second"});
}

TEST(CheckNetwork, CountsThatCannotPairUp) {
  expect_refused({{8, 4}, {8, 4}, {4, 8}, {1, 4}}, 4, 1,
                 {"hidden size 8", "2 are [8 x 4] and 1 are [4 x 8]", "piece 0"});
  expect_refused({{4, 8}, {1, 4}}, 4, 1, {"hidden size 8", "0 are [8 x 4]", "piece 0"});
  expect_refused({{8, 4}, {4, 6}, {1, 4}}, 4, 1, {"do not pair up"});
  expect_refused({{4, 4}, {1, 4}}, 4, 1, {"1 pieces are [4 x 4]", "take two each"});
  expect_refused({{1, 4}}, 4, 1, {"at least one block"});
  expect_refused({}, 4, 1, {"no pieces"});
}

RowShape shape_of(const Shapes& shapes, std::size_t width = 0) {
  std::vector<PieceSize> sizes;
  for (const auto& [out, in] : shapes) sizes.push_back({out, in});
  return shape_of_pieces(sizes, width);
}

void expect_shape(const Shapes& shapes, std::size_t width, std::size_t outputs) {
  for (const std::size_t known : {std::size_t{0}, width}) {
    const RowShape shape = shape_of(shapes, known);
    EXPECT_EQ(shape.rows, 0U);
    EXPECT_EQ(shape.width, width);
    EXPECT_EQ(shape.outputs, outputs);
  }
}

TEST(ShapeOfPieces, IsTheOneThatMakesANetwork) {
  expect_shape({{8, 4}, {1, 4}, {4, 8}}, 4, 1);
  expect_shape({{4, 8}, {2, 4}, {8, 4}, {3, 4}, {4, 3}}, 4, 2);  // the first piece has the width behind
  expect_shape({{4, 4}, {4, 4}, {1, 4}}, 4, 1);                  // h = d
  expect_shape({{1, 4}, {4, 1}, {1, 4}}, 4, 1);                  // h = k
  expect_shape({{8, 4}, {4, 8}, {4, 4}}, 4, 4);                  // k = d
  expect_shape({{4, 4}, {4, 4}, {4, 4}}, 4, 4);                  // all
}

TEST(ShapeOfPieces, RefusesOthers) {
  const auto expect_none = [](const Shapes& shapes, std::size_t width, std::initializer_list<std::string> parts) {
    expect_error<InputError>([&] { static_cast<void>(shape_of(shapes, width)); }, parts);
  };
  expect_none({}, 0, {"no pieces"});
  expect_none({{8, 4}, {4, 8}}, 0, {"make up no network:", "1 of [4 x 8], 1 of [8 x 4]"});   // no head
  expect_none({{8, 4}, {4, 8}, {1, 4}, {1, 4}}, 0, {"make up no network", "2 of [1 x 4]"});  // two of them
  expect_none({{8, 4}, {4, 8}, {1, 4}, {5, 6}}, 0, {"make up no network", "1 of [5 x 6]"});  // of another width
  expect_none({{8, 4}, {4, 8}, {1, 4}}, 5, {"make up no network of width 5"});
}

}  // namespace
}  // namespace kintsugi
