// Whole solves of small random networks with every search: whatever the network, the answer is one, and what is said of
// it is true.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/roles.hpp"
#include "objective/evaluator.hpp"
#include "search/make_search.hpp"
#include "solve/solving.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::solve_planted;

constexpr std::uint64_t kNetworks = 180;

std::uint64_t fuzz_seed() {
  const char* const given = std::getenv("KINTSUGI_FUZZ_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20240229;
}

PlantedOptions random_network(Random& random) {
  const auto one_of = [&](std::initializer_list<double> values) { return values.begin()[random.below(values.size())]; };
  PlantedOptions options;
  options.blocks = 1 + random.below(10);
  options.width = 4 + random.below(7);
  options.hidden.clear();
  for (std::uint64_t i = 0; i <= random.below(3); ++i) options.hidden.push_back(4 + random.below(13));
  options.outputs = 1 + random.below(3);
  options.activation = kActivations[random.below(kActivations.size())];
  options.biases = random.below(4) != 0;
  options.rows = 2 + random.below(random.below(3) == 0 ? 10 : 150);
  options.seed = random.next();
  options.pair_signal = one_of({0, 0.3, 1});
  options.depth = std::array{DepthTrend::none, DepthTrend::growing, DepthTrend::shrinking}[random.below(3)];
  options.residual = one_of({0, 0.05, 0.3});
  options.copies = random.below(3) == 0 ? random.below(options.blocks) : 0;
  options.noise = one_of({0, 0, 0.1});
  options.decimals = random.below(4) == 0 ? 2 : -1;
  return options;
}

SolveOptions random_options(Random& random, const std::string& search) {
  SolveOptions options;
  options.search = search;
  options.seed = random.next();
  options.islands = 1 + static_cast<int>(random.below(3));
  options.start = random.below(2) == 0 ? "auto" : "random";
  options.topology = std::array{"all", "ring", "none"}[random.below(3)];
  options.sample_rows = random.below(2) == 0 ? 0 : 32;
  options.max_evaluations = 1 + static_cast<std::int64_t>(random.below(400));
  return options;
}

std::string describe_case(const PlantedOptions& network, const SolveOptions& options) {
  std::ostringstream text;
  text << options.search << ", " << options.islands << " islands, " << options.start << ", " << options.topology << ", "
       << options.max_evaluations << " evaluations; " << network.blocks << " blocks, width " << network.width << ", "
       << network.rows << " rows, " << network.outputs << " outputs, " << to_string(network.activation) << ", "
       << network.copies << " copies, noise " << network.noise;
  return text.str();
}

// The error of the answer, by an evaluator of this rank's own.
Evaluator::Check recomputed(const PlantedProblem& problem, const Assembly& answer) {
  const mpi::Comm self = mpi::Comm::self();
  const SharedWeights weights(self, problem.network, roles_of(answer, problem.rows->shape));
  MemoryRows rows(problem.rows);
  Evaluator evaluator(self, weights, rows, {1, 1});
  return evaluator.check(answer.blocks);
}

void expect_true_to_its_word(const PlantedProblem& problem, const Solution& solution) {
  std::vector<int> sorted = solution.permutation;
  std::ranges::sort(sorted);
  ASSERT_EQ(sorted.size(), problem.network.pieces.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], static_cast<int>(i)) << "no permutation";
  EXPECT_EQ(solution.permutation, to_permutation(solution.assembly));

  const Evaluator::Check check = recomputed(problem, solution.assembly);
  EXPECT_NEAR(solution.mse, check.mse, 1e-6 * check.mse + 1e-16);
  EXPECT_NEAR(solution.largest_error, check.largest_error, 1e-6 * check.largest_error + 1e-8);

  const bool solved = solution.status == Status::solved || solution.status == Status::reproduced;
  EXPECT_EQ(solved, solution.excess <= 1) << to_string(solution.status);
  if (solved) {
    EXPECT_LE(solution.mse, solution.target);
  }
  EXPECT_NE(solution.status, Status::interrupted);
  EXPECT_NE(solution.status, Status::time_limit);
  EXPECT_EQ(solution.rows, problem.rows->shape.rows);
}

TEST(SolveFuzz, WhatIsSaidOfTheAnswerIsTrue) {
  const mpi::Comm world = mpi::Comm::world();
  const std::uint64_t seed = fuzz_seed();
  if (world.root()) std::cout << "seed " << seed << " (set KINTSUGI_FUZZ_SEED for another)" << std::endl;
  const std::vector<std::string> searches = search_names();
  int solved = 0;
  for (std::uint64_t i = 0; i < kNetworks; ++i) {
    Random random(seed, i);
    const PlantedOptions network = random_network(random);
    SolveOptions options = random_options(random, searches[i % searches.size()]);
    SCOPED_TRACE("network " + std::to_string(i) + " of seed " + std::to_string(seed) + ": " +
                 describe_case(network, options));
    const PlantedProblem problem = make_planted(network);
    // Where the hidden size is the width, weights without a signal do not tell which piece expands.
    for (const Block& block : problem.truth.blocks) options.given_expand.push_back(block.expand);
    const Solution solution = solve_planted(world, problem, options);
    ASSERT_NO_FATAL_FAILURE(expect_true_to_its_word(problem, solution));
    solved += solution.status == Status::solved ? 1 : 0;
  }
  if (world.root()) std::cout << solved << " of " << kNetworks << " solved" << std::endl;
  EXPECT_GT(solved, 0);
}

}  // namespace
}  // namespace kintsugi
