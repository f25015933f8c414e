#include "io/onnx.hpp"

#include <gtest/gtest.h>

#include "io/expect_error.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

template <class Number>
std::string bytes_of(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes += static_cast<char>(value);
}

std::string number(std::uint64_t field, std::uint64_t value) { return varint(field << 3) + varint(value); }

std::string text(std::uint64_t field, const std::string& content) {
  return varint(field << 3 | 2) + varint(content.size()) + content;
}

std::string array(const std::string& name, std::initializer_list<std::uint64_t> dims, std::uint64_t type,
                  const std::string& numbers) {
  std::string bytes;
  for (const std::uint64_t dim : dims) bytes += number(1, dim);
  return text(5, bytes + number(2, type) + text(8, name) + numbers);
}

std::string node(const std::string& kind, std::initializer_list<std::string> inputs, const std::string& output,
                 const std::string& attributes = "") {
  std::string bytes;
  for (const std::string& input : inputs) bytes += text(1, input);
  return text(1, bytes + text(2, output) + text(4, kind) + attributes);
}

std::string whole(const std::string& name, std::uint64_t value) { return text(5, text(1, name) + number(3, value)); }

std::string model(const std::string& graph) { return number(1, 8) + text(2, "a test") + text(7, graph); }

std::vector<Tensor> read(const std::string& graph) {
  const std::string file = model(graph);
  return read_all(open_onnx({nullptr, {file.data(), file.size()}}, "m.onnx"), "m.onnx");
}

void expect_refused(const std::string& graph, std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { static_cast<void>(read(graph)); }, {"m.onnx"});
  expect_error<InputError>([&] { static_cast<void>(read(graph)); }, parts);
}

const std::string kRaw = text(9, bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6}));
const std::vector<double> kSix{1, 2, 3, 4, 5, 6};
const std::vector<double> kTurned{1, 4, 2, 5, 3, 6};

TEST(Onnx, LayersAsTheirNodesUseThem) {
  const std::string bias = array("a.bias", {2}, 1, text(9, bytes_of(std::vector<float>{7, 8})));
  const std::vector<Tensor> gemm = read(array("a.weight", {2, 3}, 1, kRaw) + bias +
                                        node("Gemm", {"x", "a.weight", "a.bias"}, "y", whole("transB", 1)));
  ASSERT_EQ(gemm.size(), 2U);
  EXPECT_EQ(gemm[0].name, "a.weight");
  EXPECT_EQ(gemm[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(gemm[0].values, kSix);
  EXPECT_EQ(gemm[1].name, "a.bias");
  EXPECT_EQ(gemm[1].values, (std::vector<double>{7, 8}));

  const std::vector<Tensor> product =
      read(array("w", {2, 3}, 1, kRaw) + node("MatMul", {"x", "w"}, "y") +
           array("b", {3}, 1, text(9, bytes_of(std::vector<float>{7, 8, 9}))) + node("Add", {"b", "y"}, "z"));
  ASSERT_EQ(product.size(), 2U);
  EXPECT_EQ(product[0].name, "layer.0.weight");
  EXPECT_EQ(product[0].shape, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(product[0].values, kTurned);
  EXPECT_EQ(product[1].name, "layer.0.bias");

  const std::vector<Tensor> turned = read(array("w", {2, 3}, 1, kRaw) + node("Transpose", {"w"}, "t") +
                                          node("MatMul", {"x", "t"}, "y") + node("MatMul", {"y", "t"}, "z"));
  ASSERT_EQ(turned.size(), 2U);
  EXPECT_EQ(turned[0].values, kSix);
  EXPECT_NE(turned[0].name, turned[1].name) << "a layer that is used twice";
}

TEST(Onnx, NumbersInEachForm) {
  const auto values = [](const std::string& graph) { return read(graph).at(0).values; };
  EXPECT_EQ(values(array("a", {2, 3}, 1, text(4, bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6})))), kSix);
  EXPECT_EQ(values(array("a", {2}, 1,
                         varint(4 << 3 | 5) + bytes_of(std::vector<float>{1}) + varint(4 << 3 | 5) +
                             bytes_of(std::vector<float>{2}))),
            (std::vector<double>{1, 2}))
      << "not packed";
  EXPECT_EQ(values(array("a", {6}, 11, text(10, bytes_of(std::vector<double>{1, 2, 3, 4, 5, 6})))), kSix);
  EXPECT_EQ(values(array("a", {2}, 10, text(5, varint(0x3c00) + varint(0xc000)))), (std::vector<double>{1, -2}))
      << "float16 in int32_data";
  EXPECT_EQ(values(array("a", {1}, 16, text(9, std::string("\x80\x3f", 2)))), (std::vector<double>{1})) << "bfloat16";
  EXPECT_TRUE(read(array("shape", {2}, 7, text(7, "\1\2"))).empty()) << "whole numbers are no weights";
}

TEST(Onnx, WhatIsNotRead) {
  expect_refused(array("a", {2, 2}, 1, kRaw), {"'a'", "24 bytes", "[2 x 2]"});
  expect_refused(array("a", {std::uint64_t{1} << 62, 4}, 1, kRaw), {"'a'", "does not fit"});
  expect_refused(array("a", {2, 3}, 1, number(14, 1)), {"'a'", "another file"});
  expect_refused(array("a", {2, 3}, 14, kRaw), {"data type 14"});
  expect_refused(array("a", {2, 3}, 7, "") + node("MatMul", {"x", "a"}, "y"), {"int64 numbers"});
  expect_refused(array("a", {2, 3}, 1, kRaw) + array("a", {2, 3}, 1, kRaw), {"two initializers 'a'"});
  expect_refused(array("a", {2, 3}, 1, kRaw) + node("MatMul", {"a", "x"}, "y"), {"left of its product"});
  expect_refused(array("a", {2, 3}, 1, kRaw) + node("Gemm", {"x", "a"}, "y", whole("transA", 1)), {"turns"});
  expect_refused(array("a", {6}, 1, kRaw) + node("MatMul", {"x", "a"}, "y"), {"'a' is no matrix"});
  const std::string half = text(5, text(1, "alpha") + varint(2 << 3 | 5) + bytes_of(std::vector<float>{0.5F}));
  expect_refused(array("a", {2, 3}, 1, kRaw) + node("Gemm", {"x", "a"}, "y", half), {"scales"});
  expect_refused(node("QLinearMatMul", {"x"}, "y"), {"quantized"});
  expect_refused(node("If", {"x"}, "y", text(5, text(1, "then_branch") + text(6, ""))), {"branches or loops"});
  expect_refused(text(15, ""), {"sparse"});
  expect_refused("\x0f", {"damaged"});
}

TEST(Onnx, ItsActivation) {
  const auto classes = [](const std::string& graph) {
    const std::string file = model(graph);
    ModelFacts facts;
    static_cast<void>(open_onnx({nullptr, {file.data(), file.size()}}, "m.onnx", &facts));
    return facts[std::string(kActivationClasses)];
  };
  EXPECT_EQ(classes(node("Relu", {"x"}, "y")), "ReLU");
  EXPECT_EQ(classes(node("Relu", {"x"}, "y") + node("Tanh", {"y"}, "z")), "");
}

}  // namespace
}  // namespace kintsugi
