#include "objective/exchange_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::expand_pieces;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::silent_options;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;

TEST(ExchangeModel, PredictsExchangesOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  PlantedOptions options = silent_options(7, 16, 32 * kTiles - 7);
  options.hidden = {24, 20};
  options.outputs = 3;
  options.residual = 0.02;
  const PlantedProblem problem = make_planted(options);
  Blocks wrong = problem.truth.blocks;
  std::swap(wrong[0].compress, wrong[4].compress);
  std::swap(wrong[1].compress, wrong[3].compress);
  std::set<int> untrusted = expand_pieces(wrong);
  untrusted.erase(wrong[6].expand);
  Workbench alone(self, problem, {1, 1});
  ExchangeModel model(alone.evaluator());
  const std::vector<ExchangeModel::Exchange> found = model.exchanges(wrong, untrusted, kTiles);
  ASSERT_EQ(found.size(), 3U + 3U) << "of three blocks each";
  const double base = alone.evaluator().error(wrong, kTiles);
  for (const ExchangeModel::Exchange& exchange : found) {
    Blocks exchanged = wrong;
    std::swap(exchanged[exchange.a].compress, exchanged[exchange.b].compress);
    const double change = alone.evaluator().error(exchanged, kTiles) - base;
    EXPECT_LT(exchange.a, exchange.b);
    EXPECT_NEAR(exchange.change, change, 0.1 * std::fabs(change) + 0.01 * base)
        << "positions " << exchange.a << " and " << exchange.b;
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    ExchangeModel split(bench.evaluator());
    const std::vector<ExchangeModel::Exchange> same = split.exchanges(wrong, untrusted, kTiles);
    ASSERT_EQ(same.size(), found.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(same[i].change, found[i].change);
  }
}

TEST(ExchangeModel, HasNoneWhereAllIsTrusted) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  EXPECT_TRUE(ExchangeModel(bench.evaluator()).exchanges(problem.truth.blocks, {}, kTiles).empty());
}

}  // namespace
}  // namespace kintsugi
