#include "kintsugi/core/problem_fingerprint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kintsugi {
namespace {

/// Rows whose numbers are their places, but for one.
class CountedRows final : public RowSource {
 public:
  explicit CountedRows(RowShape shape) : shape_(shape) {}
  [[nodiscard]] RowShape shape() const override { return shape_; }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    read_rows += count;
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>(first * shape_.width + i);
    std::ranges::fill(predictions, first <= changed && changed < first + count ? 2.0F : 1.0F);
  }

  std::size_t changed = static_cast<std::size_t>(-1);
  std::size_t read_rows = 0;

 private:
  RowShape shape_;
};

Network small_network() {
  Network network;
  network.pieces = {{0, 1, 2, {1, 2}, {3}, ""}, {1, 2, 1, {4, 5}, {}, ""}};
  return network;
}

TEST(ProblemFingerprint, EachPartHasItsOwn) {
  CountedRows rows({100, 3, 1});
  const Network network = small_network();
  const ProblemFingerprint own = problem_fingerprint(network, rows);
  EXPECT_EQ(problem_fingerprint(network, rows), own);
  EXPECT_EQ(own.weights.size(), 64U);
  EXPECT_EQ(own.activation, "relu");
  for (const int part : {0, 1, 2, 3}) {
    Network other = small_network();
    if (part == 0) other.pieces[1].weight[1] = 6;
    if (part == 1) other.pieces[0].bias[0] = 4;
    if (part == 2) std::swap(other.pieces[0].weight, other.pieces[1].weight);
    if (part == 3) std::swap(other.pieces[1].out, other.pieces[1].in);
    const ProblemFingerprint changed = problem_fingerprint(other, rows);
    EXPECT_NE(changed.weights, own.weights) << part;
    EXPECT_EQ(changed.rows, own.rows) << part;
  }
}

TEST(ProblemFingerprint, AllRowsCountWhereTheyAreFew) {
  CountedRows rows({100'000, 40, 2});
  const ProblemFingerprint own = problem_fingerprint({}, rows);
  EXPECT_EQ(rows.read_rows, 100'000U);
  for (const std::size_t row : {0U, 50'001U, 99'999U}) {
    rows.changed = row;
    EXPECT_NE(problem_fingerprint({}, rows).rows, own.rows) << row;
  }
  CountedRows longer({100'001, 40, 2});
  EXPECT_NE(problem_fingerprint({}, longer).rows, own.rows);
}

TEST(ProblemFingerprint, OfManyRowsSlabsFromTheFirstToTheLast) {
  CountedRows rows({10'000'000, 40, 2});
  const ProblemFingerprint own = problem_fingerprint({}, rows);
  EXPECT_EQ(rows.read_rows, 256U * 32);
  for (const std::size_t row : {0U, 9'999'999U}) {
    rows.changed = row;
    EXPECT_NE(problem_fingerprint({}, rows).rows, own.rows) << row;
  }
}

TEST(ProblemFingerprint, DifferencesAreNamed) {
  const ProblemFingerprint own{"w", "r", "relu"};
  EXPECT_EQ(differences(own, own), "");
  EXPECT_EQ(differences({"x", "r", "relu"}, own), "belongs to a problem with other weights");
  EXPECT_EQ(differences({"w", "x", "relu"}, own), "belongs to a problem with other rows");
  EXPECT_EQ(differences({"w", "r", "gelu"}, own), "belongs to a problem with the activation gelu instead of relu");
  EXPECT_EQ(differences({"x", "x", "gelu"}, own),
            "belongs to a problem with other weights and rows, and the activation gelu instead of relu");
}

}  // namespace
}  // namespace kintsugi
