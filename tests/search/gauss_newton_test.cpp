#include "search/rounds/gauss_newton.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "objective/reference.hpp"
#include "search/local/descent.hpp"

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

// The rows' errors of an order, [rows x outputs], by plain evaluation.
Eigen::VectorXd errors_of(FirstOrderModel& model, const Blocks& order) {
  EXPECT_TRUE(model.linearise(order, kTiles));
  EffectTable table;
  model.gather(table, kAnyBytes);
  return row_errors(table);
}

Eigen::MatrixXd near_swap_effects(FirstOrderModel& model, const Blocks& order) {
  const Eigen::VectorXd present = errors_of(model, order);
  std::vector<Eigen::VectorXd> effects;
  for (std::size_t first = 0; first < order.size(); ++first) {
    for (std::size_t second = first + 1; second < std::min(order.size(), first + 3); ++second) {
      Blocks swapped = order;
      std::swap(swapped[first], swapped[second]);
      effects.emplace_back(errors_of(model, swapped) - present);
    }
  }
  Eigen::MatrixXd all(present.size(), static_cast<Eigen::Index>(effects.size()));
  for (std::size_t i = 0; i < effects.size(); ++i) all.col(static_cast<Eigen::Index>(i)) = effects[i];
  return all;
}

TEST(AdjustedErrors, AreWhatSwapsOfNearBlocksLeaveOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = outputs_problem(kTiles);
  const Blocks order = shuffled_blocks(problem, 1);
  const int last = static_cast<int>(order.size()) - 1;
  const std::vector<int> from{0, last};
  Workbench alone(self, problem, {1, 1});
  FirstOrderModel whole(alone.evaluator());
  const FirstOrderModel::AdjustedErrors adjusted = whole.adjusted_errors(order, from, kTiles);
  ASSERT_EQ(adjusted.moved.size(), from.size() * order.size());

  const double damping = 1e-3;
  const Eigen::MatrixXd effects = near_swap_effects(whole, order);
  const Eigen::LDLT<Eigen::MatrixXd> solver = damped_normal_matrix(effects, damping).ldlt();
  const auto left = [&](const Blocks& moved) {
    const Eigen::VectorXd errors = errors_of(whole, moved);
    const Eigen::VectorXd along = effects.transpose() * errors;
    return (errors.squaredNorm() - along.dot(solver.solve(along))) / errors.squaredNorm() * whole.base_error();
  };
  // Effects and errors are exact but for what is of second order.
  EXPECT_NEAR(adjusted.present, left(order), 0.1 * left(order));
  ASSERT_TRUE(whole.linearise(order, kTiles));
  EXPECT_LT(adjusted.present, 0.9 * whole.base_error());
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (int to = 0; to <= last; ++to) {
      Blocks moved = order;
      insert_in(moved, from[i], to);
      const double expected = left(moved);
      EXPECT_NEAR(adjusted.moved[i * order.size() + static_cast<std::size_t>(to)], expected, 0.2 * expected)
          << from[i] << " to " << to;
    }
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    FirstOrderModel model(bench.evaluator());
    const FirstOrderModel::AdjustedErrors divided = model.adjusted_errors(order, from, kTiles);
    EXPECT_EQ(divided.present, adjusted.present) << "to the last bit";
    EXPECT_EQ(divided.moved, adjusted.moved) << "to the last bit";
  }
}

TEST(AdjustedErrors, BringABlockHomeForWhichOthersHaveMadeUp) {
  const mpi::Comm world = mpi::Comm::world();
  const PlantedProblem problem = freezing_problem();
  constexpr std::size_t kAllTiles = 48;
  Workbench bench(world, problem, {1, world.size()});
  FirstOrderModel model(bench.evaluator());
  for (const auto& [home, away] : {std::pair{8, 28}, std::pair{30, 12}}) {
    // All the others go where the error is least.
    Blocks order = problem.truth.blocks;
    insert_in(order, home, away);
    for (int i = 0; i < 4; ++i) {
      const std::vector<double> places = model.place_step(order, kAllTiles, 2, 0.1).places;
      std::vector<double> at(order.size());
      for (std::size_t p = 0; p < order.size(); ++p) {
        const bool moved = order[p].expand == problem.truth.blocks[static_cast<std::size_t>(home)].expand;
        at[p] = static_cast<double>(p) + (moved ? 0 : std::clamp(places[p], -2.0, 2.0));
      }
      const Blocks present = order;
      std::ranges::stable_sort(order, {}, [&](const Block& block) {
        return at[static_cast<std::size_t>(position_of(block.expand, present))];
      });
    }
    const int from = position_of(problem.truth.blocks[static_cast<std::size_t>(home)].expand, order);
    ASSERT_GE(std::abs(from - home), 10);
    const std::vector<int> one{from};
    const std::vector<double> moved = model.adjusted_errors(order, one, kAllTiles).moved;
    const auto best = static_cast<int>(std::ranges::min_element(moved) - moved.begin());
    EXPECT_LE(std::abs(best - home), 4);
  }
}

// On a problem where descents freeze.
class GaussNewtonOnFreezing : public ::testing::Test {
 protected:
  ScoredOrder shuffled(std::uint64_t seed, std::size_t tiles) {
    const Blocks start = shuffled_blocks(problem_, seed);
    return {start, error(start, tiles), tiles};
  }
  double error(const Blocks& order, std::size_t tiles) { return bench_.evaluator().error(order, tiles); }
  [[nodiscard]] auto inversions(const Blocks& order) const { return distance(order, problem_.truth.blocks).inversions; }
  static void run_round(GaussNewton& search, const ScoredOrder& from) {
    search.begin(from);
    while (!search.step().stuck) continue;
  }

  static constexpr std::size_t kAllTiles = 48;
  const mpi::Comm world_ = mpi::Comm::world();
  const PlantedProblem problem_ = freezing_problem();
  Workbench bench_{world_, problem_, {1, world_.size()}};
  FirstOrderModel model_{bench_.evaluator()};
  GaussNewton search_{bench_.evaluator(), model_, Random(1), {}};
};

TEST_F(GaussNewtonOnFreezing, ComesNearer) {
  Descent descent(bench_.evaluator(), model_, 0, {});
  descent.begin(shuffled(1, kAllTiles));
  while (!descent.step().stuck) continue;
  const auto frozen = inversions(descent.current().blocks);
  ASSERT_GT(frozen, 0) << "a descent suffices here";
  ScoredOrder from = descent.current();
  auto left = frozen;
  for (int round = 0; round < 3 && left > 0; ++round) {
    run_round(search_, from);
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
    descent.begin(search_.current());
    while (!descent.step().stuck) continue;
    from = descent.current();
    left = inversions(from.blocks);
  }
  EXPECT_LT(left, frozen / 4);
}

TEST_F(GaussNewtonOnFreezing, RelocatesBlocksWhereARoundBeginsWithTheLastOnesError) {
  const ScoredOrder from = shuffled(4, kAllTiles);
  std::vector<std::int64_t> relocations;
  for (int round = 0; round < 2; ++round) {
    search_.begin(from);
    StepReport report;
    while (!report.stuck) {
      report = search_.step();
      if (report.event != Event::relocation) continue;
      EXPECT_EQ(round, 1);
      relocations.push_back(report.moves);
    }
    EXPECT_EQ(search_.current().mse, error(search_.current().blocks, kAllTiles));
  }
  ASSERT_FALSE(relocations.empty());
  EXPECT_GE(std::ranges::max(relocations), 1);
  EXPECT_LE(std::ranges::max(relocations), 4);
  EXPECT_LT(search_.current().mse, from.mse);
}

TEST_F(GaussNewtonOnFreezing, TriesBlocksFirstThatOtherIslandsHaveElsewhere) {
  Blocks order = problem_.truth.blocks;
  insert_in(order, 8, 30);
  const ScoredOrder from{order, error(order, kAllTiles), kAllTiles};
  // Of some seeds, how many bring the block home at once.
  const auto found_by = [&](const std::vector<Blocks>& elites) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
      GaussNewton search(bench_.evaluator(), model_, Random(seed), {});
      search.set_elites(elites);
      for (int round = 0; round < 2; ++round) search.begin(from);
      const StepReport report = search.step();
      EXPECT_EQ(report.event, Event::relocation);
      found += report.moves > 0 ? 1 : 0;
    }
    return found;
  };
  EXPECT_GT(found_by({problem_.truth.blocks}), found_by({}));
}

TEST_F(GaussNewtonOnFreezing, ItsErrorsAreOnTheSampleThatItWasGiven) {
  const std::size_t tiles = 8;
  search_.begin(shuffled(2, tiles));
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
  const ScoredOrder from = shuffled(3, kTiles);
  search_.begin(from);
  for (int i = 0; i < 4; ++i) (void)search_.step();
  search_.begin(from);
  EXPECT_EQ(search_.step().event, Event::relocation) << "the round begins where the last one did";
  for (int i = 0; i < 3; ++i) (void)search_.step();
  StateArchive written;
  search_.state(written);
  GaussNewton second(bench_.evaluator(), model_, Random(2), {});
  StateArchive archive(written.words());
  second.state(archive);
  EXPECT_TRUE(archive.at_end());
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(search_.step().event, second.step().event);
    ASSERT_EQ(search_.current().blocks, second.current().blocks);
    ASSERT_EQ(search_.current().mse, second.current().mse);
  }
}

}  // namespace
}  // namespace kintsugi
