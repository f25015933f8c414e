#include "core/fold.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "io/expect_error.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;
using Values = std::vector<double>;

PieceF64 piece(int index, std::size_t out, std::size_t in, Values weight, Values bias = {}) {
  return {index, out, in, std::move(weight), std::move(bias), "piece_" + std::to_string(index), {}, {}};
}

/// One block of width 2 and hidden size 1, and the head.
NetworkF64 network() {
  NetworkF64 network;
  network.form.norm = Norm::layer;
  network.pieces = {piece(0, 1, 2, {1, 2}, {3}), piece(4, 2, 1, {4, 5}, {6, 7}), piece(5, 1, 2, {1, 1})};
  return network;
}

TEST(Fold, GainAndBiasOfANormGoIntoWhatComesBehind) {
  NetworkF64 all = network();
  all.parts.push_back({PartKind::norm, 0, piece(1, 2, 1, {10, 100}, {0.5, 0.25})});
  all.parts.push_back({PartKind::gate, 0, piece(2, 1, 2, {-1, 3})});
  all.parts.push_back({PartKind::scale, 4, piece(3, 2, 1, {2, -1})});
  const NetworkF64 folded = fold(all);
  EXPECT_TRUE(folded.parts.empty());
  EXPECT_TRUE(folded.form.gated);
  EXPECT_EQ(folded.pieces[0].weight, (Values{10, 200}));
  EXPECT_EQ(folded.pieces[0].bias, (Values{3 + 0.5 + 0.5}));
  EXPECT_EQ(folded.pieces[0].gate_weight, (Values{-10, 300}));
  EXPECT_EQ(folded.pieces[0].gate_bias, (Values{-0.5 + 0.75}));
  EXPECT_EQ(folded.pieces[1].weight, (Values{8, -5}));
  EXPECT_EQ(folded.pieces[1].bias, (Values{12, -7}));
  EXPECT_EQ(folded.pieces[2].weight, (Values{1, 1}));
}

TEST(Fold, WithoutPartsNothingChanges) {
  const NetworkF64 folded = fold(network());
  EXPECT_FALSE(folded.form.gated);
  EXPECT_EQ(folded.pieces[0].weight, network().pieces[0].weight);
  EXPECT_TRUE(folded.pieces[2].bias.empty());
}

TEST(Fold, AGateOfThePieceItselfIsKept) {
  NetworkF64 fused = network();
  fused.pieces[0].gate_weight = {-1, 3};
  fused.parts.push_back({PartKind::norm, 0, piece(1, 2, 1, {10, 100})});
  const NetworkF64 folded = fold(fused);
  EXPECT_TRUE(folded.form.gated);
  EXPECT_EQ(folded.pieces[0].gate_weight, (Values{-10, 300}));
  fused.parts.push_back({PartKind::gate, 0, piece(2, 1, 2, {-1, 3})});
  expect_error<InputError>([&] { static_cast<void>(fold(fused)); }, {"has another one already"});
}

TEST(Fold, WhatDoesNotFitIsNamed) {
  const auto refuse = [](const BasicPart<double>& part, const std::string& words, Norm norm = Norm::rms) {
    NetworkF64 all = network();
    all.form.norm = norm;
    all.parts = {part};
    expect_error<InputError>([&] { static_cast<void>(fold(all)); }, {words});
  };
  refuse({PartKind::norm, 7, piece(1, 2, 1, {1, 1})}, "the norm of piece 7: there is no such piece");
  refuse({PartKind::norm, 0, piece(1, 3, 1, {1, 1, 1})}, "one number a column");
  refuse({PartKind::scale, 0, piece(1, 2, 1, {1, 1})}, "one number a row");
  refuse({PartKind::gate, 0, piece(1, 2, 2, {1, 1, 1, 1})}, "another shape");
  refuse({PartKind::norm, 0, piece(1, 2, 1, {1, 1})}, "not told", Norm::none);
  NetworkF64 twice = network();
  twice.parts.assign(2, {PartKind::norm, 0, piece(1, 2, 1, {1, 1})});
  expect_error<InputError>([&] { static_cast<void>(fold(twice)); }, {"has another one already"});
}

/// A block more.
NetworkF64 two_blocks() {
  NetworkF64 two = network();
  two.pieces.insert(two.pieces.begin(), {piece(6, 1, 2, {1, 2}), piece(7, 2, 1, {4, 5})});
  return two;
}

TEST(Fold, SomeBlocksMayLackWhatOthersHave) {
  NetworkF64 two = two_blocks();
  two.parts.push_back({PartKind::scale, 4, piece(3, 2, 1, {2, -1})});
  two.parts.push_back({PartKind::norm, 0, piece(1, 2, 1, {10, 100})});
  two.parts.push_back({PartKind::gate, 6, piece(2, 1, 2, {-1, 3})});
  const NetworkF64 folded = fold(two);
  EXPECT_FALSE(folded.pieces[0].normed);
  EXPECT_TRUE(folded.pieces[2].normed);
  EXPECT_EQ(folded.pieces[1].weight, (Values{4, 5}));
  EXPECT_EQ(folded.pieces[3].weight, (Values{8, -5}));
  EXPECT_TRUE(folded.form.gated);
  EXPECT_TRUE(folded.pieces[2].gate_weight.empty());
}

TEST(Fold, WithoutAnyGainAllBlocksHaveTheNorm) {
  for (const PieceF64& piece : fold(two_blocks()).pieces) EXPECT_TRUE(piece.normed);
}

TEST(Fold, ANormBeforeTheHeadGoesIntoTheHead) {
  NetworkF64 all = network();
  all.parts.push_back({PartKind::head_norm, 5, piece(1, 2, 1, {2, 3}, {0.5, 1})});
  expect_error<InputError>([&] { static_cast<void>(fold(all)); }, {"before the head", "not told"});
  all.form.head_norm = Norm::rms;
  const NetworkF64 folded = fold(all);
  EXPECT_EQ(folded.pieces[2].weight, (Values{2, 3}));
  EXPECT_EQ(folded.pieces[2].bias, (Values{1.5}));
  EXPECT_TRUE(folded.pieces[0].normed);
}

TEST(Fold, ThePrecisionIsThatOfTheParts) {
  NetworkF64 all = network();
  const double third = 1 / 3.0;
  all.parts.push_back({PartKind::scale, 4, piece(3, 2, 1, {1.0009765625, 1})});  // 1 + 2^-10: float16, not bfloat16
  all.pieces[1].weight = {1.0009765625, 1};
  const NetworkF64 folded = fold(all);
  EXPECT_EQ(folded.precision, WeightPrecision::float16);
  EXPECT_EQ(folded.pieces[1].factors, 2);
  EXPECT_EQ(folded.pieces[0].factors, 1);
  all.pieces[0].weight = {third, 1};
  EXPECT_EQ(fold(all).precision, WeightPrecision::float32);
}

}  // namespace
}  // namespace kintsugi
