// What a checkpoint's key holds, and what it does not.
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "kintsugi/core/version.hpp"
#include "kintsugi/solve.hpp"
#include "support/planted.hpp"

namespace kintsugi {
namespace {

using Change = std::function<void(SolveOptions&)>;

class CheckpointKeys : public ::testing::Test {
 protected:
  [[nodiscard]] CheckpointKey key(const Change& change = [](SolveOptions&) {}) const {
    SolveOptions options;
    change(options);
    MemoryRows rows(problem_.rows);
    return checkpoint_key(problem_.network, rows, options);
  }

  testing::PlantedProblem problem_ = testing::make_planted(6, 8, 100);
};

bool same(const CheckpointKey& a, const CheckpointKey& b) {
  return a.version == b.version && a.layout == b.layout && a.problem == b.problem && a.options == b.options &&
         a.parameters == b.parameters;
}

TEST_F(CheckpointKeys, OfTheSameAreTheSame) {
  EXPECT_TRUE(same(key(), key()));
  EXPECT_EQ(key().version, version() + "+" + revision());
  EXPECT_EQ(key().layout, kStateLayout);
}

TEST_F(CheckpointKeys, DifferWithWhatDecidesTheWay) {
  const Change changes[] = {
      [](SolveOptions& o) { o.seed = 2; },           [](SolveOptions& o) { o.islands = 2; },
      [](SolveOptions& o) { o.topology = "ring"; },  [](SolveOptions& o) { o.search = "tabu"; },
      [](SolveOptions& o) { o.sample_rows = 32; },   [](SolveOptions& o) { o.tolerance = 1e-9; },
      [](SolveOptions& o) { o.memory = 1 << 20; },   [](SolveOptions& o) { o.pairing = "trace"; },
      [](SolveOptions& o) { o.start = "greedy"; },   [](SolveOptions& o) { o.given_permutation = {2, 0, 1}; },
      [](SolveOptions& o) { o.given_expand = {0}; }, [](SolveOptions& o) { o.without_predictions = true; }};
  std::size_t deciding = 0;
  const auto count = [&](const auto&, const auto&, Decides decides) { deciding += decides == Decides::yes ? 1 : 0; };
  visit_options(PreparationOptions{}, count);
  visit_options(SearchOptions{}, count);
  EXPECT_EQ(deciding, std::size(changes)) << "each deciding option is tried here";
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    const CheckpointKey other = key(changes[i]);
    EXPECT_NE(other.options, key().options) << "change " << i;
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(other.options, key(changes[j]).options) << i << " and " << j;
  }
}

TEST_F(CheckpointKeys, AreTheSameForLimitsAndRanks) {
  EXPECT_TRUE(same(key(), key([](SolveOptions& o) {
                     o.time_limit = 1;
                     o.max_evaluations = 1;
                     o.candidate_groups = o.row_groups = 2;
                   })));
}

TEST_F(CheckpointKeys, DifferWithParametersByName) {
  const CheckpointKey other = key([](SolveOptions& o) { o.parameters.preparation.start_rows = 65; });
  EXPECT_NE(other.parameters, key().parameters);
  EXPECT_NE(other.options.find("\npreparation.start_rows=65\n"), std::string::npos);
}

TEST_F(CheckpointKeys, DifferWithTheProblem) {
  const CheckpointKey before = key();
  problem_.network.activation = Activation::gelu;
  EXPECT_NE(key().problem.activation, before.problem.activation);
  problem_.network.activation = Activation::relu;
  EXPECT_EQ(key().problem, before.problem);
  const float weight = std::exchange(problem_.network.pieces[1].weight[0], 7.0F);
  EXPECT_NE(key().problem.weights, before.problem.weights);
  EXPECT_EQ(key().problem.rows, before.problem.rows);
  problem_.network.pieces[1].weight[0] = weight;
  EXPECT_EQ(key().problem, before.problem);
  problem_.rows->predictions.back() += 1;
  EXPECT_NE(key().problem.rows, before.problem.rows);
  EXPECT_EQ(key().problem.weights, before.problem.weights);
}

TEST_F(CheckpointKeys, StayShortForLongOrders) {
  const std::vector<int> permutation(100'000, 1);
  EXPECT_LT(key([&](SolveOptions& o) { o.given_permutation = permutation; }).options.size(), 1000U);
}

}  // namespace
}  // namespace kintsugi
