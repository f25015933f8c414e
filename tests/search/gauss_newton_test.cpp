#include "kintsugi/search/gauss_newton.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "kintsugi/search/descent.hpp"
#include "kintsugi/search/elite_pool.hpp"
#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::outputs_problem;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 6;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

// A trap for descents: small steps, no order in the weights.
PlantedProblem freezing_problem() {
  PlantedOptions options;
  options.blocks = 40;
  options.width = 16;
  options.hidden = {32};
  options.rows = 32 * 48;
  options.residual = 0.1;
  return make_planted(options);
}

// The rows' slopes in the blocks' places from the effects of all pairs, by plain float64 loops: [rows x blocks].
Eigen::MatrixXd place_slopes(const EffectTable& table, double bandwidth) {
  const auto blocks = static_cast<Eigen::Index>(table.blocks);
  Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(table.rows), blocks);
  for (Eigen::Index a = 0; a < blocks; ++a) {
    for (Eigen::Index b = a + 1; b < blocks; ++b) {
      const double z = static_cast<double>(b - a) / bandwidth;
      const double density = std::exp(-0.5 * z * z) / (bandwidth * std::sqrt(2 * std::numbers::pi));
      const float* const effect = table.effect(static_cast<std::size_t>(a), static_cast<std::size_t>(b));
      for (Eigen::Index row = 0; row < slopes.rows(); ++row) {
        // Where a moves up or b moves down the pair comes nearer to changing sides.
        slopes(row, a) += density * effect[row];
        slopes(row, b) -= density * effect[row];
      }
    }
  }
  return slopes;
}

Eigen::VectorXd row_errors(const EffectTable& table) {
  return Eigen::Map<const Eigen::VectorXf>(table.errors.data(), static_cast<Eigen::Index>(table.rows)).cast<double>();
}

Eigen::MatrixXd damped_normal_matrix(const Eigen::MatrixXd& slopes, double damping) {
  Eigen::MatrixXd damped = slopes.transpose() * slopes;
  const Eigen::VectorXd own = damped.diagonal();
  damped.diagonal().array() += damping * (own.array() * own.mean()).sqrt();
  return damped;
}

TEST(PlaceStep, SolvesTheDampedNormalEquationsOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  Workbench alone(self, problem, {1, 1});
  FirstOrderModel whole(alone.evaluator());
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EffectTable table;
  whole.gather(table, kAnyBytes);
  for (const double bandwidth : {1.5, 4.0}) {
    const double damping = 0.1;
    const Eigen::MatrixXd slopes = place_slopes(table, bandwidth);
    const Eigen::MatrixXd damped = damped_normal_matrix(slopes, damping);
    const Eigen::VectorXd along = slopes.transpose() * row_errors(table);
    const FirstOrderModel::PlaceStep step = whole.place_step(order, kTiles, bandwidth, damping);
    ASSERT_EQ(step.places.size(), order.size());
    const Eigen::Map<const Eigen::VectorXd> places(step.places.data(), damped.rows());
    EXPECT_LT((damped * places + along).norm(), 1e-3 * along.norm()) << "bandwidth " << bandwidth;
    EXPECT_NEAR(step.mse, whole.base_error(), 1e-6 * whole.base_error());
    for (const Grid grid : all_grids(world.size())) {
      Workbench bench(world, problem, grid);
      FirstOrderModel model(bench.evaluator());
      const FirstOrderModel::PlaceStep divided = model.place_step(order, kTiles, bandwidth, damping);
      EXPECT_EQ(divided.mse, step.mse) << "to the last bit";
      EXPECT_EQ(divided.places, step.places) << "to the last bit";
    }
  }
}

TEST(PlaceStep, LeavesTheAnswerWhereItIs) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = outputs_problem(kTiles);
  Workbench bench(world, problem, {1, world.size()});
  FirstOrderModel model(bench.evaluator());
  const FirstOrderModel::PlaceStep step = model.place_step(problem.truth.blocks, kTiles, 2, 0.1);
  for (const double place : step.places) EXPECT_LT(std::fabs(place), 1e-3);
}

TEST(AdjustedErrors, AreWhatTheDampedStepLeavesOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  std::vector<Blocks> orders(4, shuffled_blocks(problem, 1));
  const int last = static_cast<int>(orders.front().size()) - 1;
  insert_in(orders[1], 0, last);
  insert_in(orders[2], last, 1);
  Workbench alone(self, problem, {1, 1});
  FirstOrderModel whole(alone.evaluator());
  const double damping = 0.1;
  const double bandwidth = 3;
  const std::vector<double> adjusted = whole.adjusted_errors(orders, kTiles, bandwidth, damping);
  ASSERT_EQ(adjusted.size(), orders.size());
  EXPECT_EQ(adjusted[3], adjusted[0]) << "of equal orders";
  EXPECT_NEAR(whole.place_step(orders[0], kTiles, bandwidth, damping).left, adjusted[0], 1e-5 * adjusted[0]);
  Eigen::MatrixXd slopes;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    ASSERT_TRUE(whole.linearise(orders[i], kTiles));
    EffectTable table;
    whole.gather(table, kAnyBytes);
    if (i == 0) slopes = place_slopes(table, bandwidth);
    const Eigen::VectorXd along = slopes.transpose() * row_errors(table);
    const Eigen::VectorXd step = damped_normal_matrix(slopes, damping).ldlt().solve(along);
    const double expected = (row_errors(table).squaredNorm() - along.dot(step)) * table.to_mse;
    EXPECT_NEAR(adjusted[i], expected, 1e-3 * expected);
    EXPECT_LT(adjusted[i], whole.base_error()) << "the others make up for something";
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    FirstOrderModel model(bench.evaluator());
    EXPECT_EQ(model.adjusted_errors(orders, kTiles, bandwidth, damping), adjusted) << "to the last bit";
  }
}

// On a problem where descents freeze.
class GaussNewtonOnFreezing : public ::testing::Test {
 protected:
  Candidate shuffled(std::uint64_t seed, std::size_t tiles) {
    const Blocks start = shuffled_blocks(problem_, seed);
    return {start, error(start, tiles), tiles};
  }
  double error(const Blocks& order, std::size_t tiles) { return bench_.evaluator().error(order, tiles); }
  [[nodiscard]] auto inversions(const Blocks& order) const { return distance(order, problem_.truth.blocks).inversions; }
  static void run_round(GaussNewton& search, const Candidate& from) {
    search.start(from);
    while (!search.step().stuck) continue;
  }

  static constexpr std::size_t kAllTiles = 48;
  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = freezing_problem();
  Workbench bench_{world_, problem_, {1, world_.size()}};
  FirstOrderModel model_{bench_.evaluator()};
  GaussNewton search_{bench_.evaluator(), model_, Random(1)};
};

TEST_F(GaussNewtonOnFreezing, ComesNearer) {
  Descent descent(bench_.evaluator(), model_, 0);
  descent.start(shuffled(1, kAllTiles));
  while (!descent.step().stuck) continue;
  const auto frozen = inversions(descent.current().blocks);
  ASSERT_GT(frozen, 0) << "a descent suffices here";
  Candidate from = descent.current();
  auto left = frozen;
  for (int round = 0; round < 3 && left > 0; ++round) {
    run_round(search_, from);
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
    descent.start(search_.current());
    while (!descent.step().stuck) continue;
    from = descent.current();
    left = inversions(from.blocks);
  }
  EXPECT_LT(left, frozen / 4);
}

TEST_F(GaussNewtonOnFreezing, RelocatesBlocksWhereARoundBeginsWithTheLastOnesError) {
  const Candidate from = shuffled(4, kAllTiles);
  std::vector<std::int64_t> relocations;
  for (int round = 0; round < 2; ++round) {
    search_.start(from);
    StepReport report;
    while (!report.stuck) {
      report = search_.step();
      if (report.event != 'R') continue;
      EXPECT_EQ(round, 1);
      relocations.push_back(report.moves);
    }
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
  }
  ASSERT_FALSE(relocations.empty());
  EXPECT_GE(std::ranges::min(relocations), 1);
  EXPECT_LE(std::ranges::max(relocations), 4);
  EXPECT_LT(search_.current().mse, from.mse);
}

TEST_F(GaussNewtonOnFreezing, TakesPlacesFromOtherIslandsOrders) {
  const Candidate from = shuffled(4, kAllTiles);
  constexpr int kTwoCycles = 2 * (1 + 6);
  const auto inversions_after = [&](const std::vector<Blocks>& elites) {
    GaussNewton search(bench_.evaluator(), model_, Random(1));
    search.set_elites(elites);
    run_round(search, from);
    search.start(from);
    for (int step = 0; step < kTwoCycles; ++step) (void)search.step();
    return inversions(search.current().blocks);
  };
  EXPECT_LT(inversions_after({problem_.truth.blocks}), inversions_after({}));
}

TEST_F(GaussNewtonOnFreezing, ClaimsErrorsOnTheSampleThatItWasGiven) {
  const std::size_t tiles = 8;
  search_.start(shuffled(2, tiles));
  int steps = 0;
  StepReport report;
  while (!report.stuck && steps < 1000) {
    report = search_.step();
    ++steps;
    EXPECT_EQ(search_.current().tiles, tiles);
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, tiles));
  }
  EXPECT_LE(steps, 100) << "a round has an end";
}

TEST_F(GaussNewtonOnFreezing, GoesOnFromItsState) {
  const Candidate from = shuffled(3, kTiles);
  search_.start(from);
  for (int i = 0; i < 4; ++i) (void)search_.step();
  search_.start(from);
  EXPECT_EQ(search_.step().event, 'R') << "the round begins where the last one did";
  for (int i = 0; i < 3; ++i) (void)search_.step();
  StateWriter writer;
  search_.save(writer);
  GaussNewton second(bench_.evaluator(), model_, Random(2));
  StateReader reader(writer.words());
  second.restore(reader);
  EXPECT_TRUE(reader.at_end());
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(search_.step().event, second.step().event);
    ASSERT_EQ(search_.current().blocks, second.current().blocks);
    ASSERT_EQ(search_.current().mse, second.current().mse);
  }
}

}  // namespace
}  // namespace kintsugi
