#include "objective/homing.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>

#include "objective/reference.hpp"

namespace kintsugi {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using kintsugi::testing::all_grids;
using kintsugi::testing::make_planted;
using kintsugi::testing::PlantedProblem;
using kintsugi::testing::Reference;
using kintsugi::testing::shuffled_blocks;
using kintsugi::testing::Workbench;

constexpr std::size_t kTiles = 3;
const HomingParameters kAllRows{.rows = 1000000};

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

MatrixXd weight(const PlantedProblem& problem, int position) {
  const Piece& piece = problem.network.pieces[static_cast<std::size_t>(position)];
  return Eigen::Map<const RowMajor>(piece.weight.data(), static_cast<Index>(piece.out), static_cast<Index>(piece.in))
      .cast<double>();
}

VectorXd pre_activation(const PlantedProblem& problem, const Block& block, const VectorXd& x) {
  const Piece& piece = problem.network.pieces[static_cast<std::size_t>(block.expand)];
  const VectorXd bias =
      Eigen::Map<const Eigen::VectorXf>(piece.bias.data(), static_cast<Index>(piece.out)).cast<double>();
  return weight(problem, block.expand) * x + bias;
}

// log(A G), [blocks][places], row by row and with plain loops; relu.
MatrixXd activities(const PlantedProblem& problem, const Blocks& order, std::size_t tiles) {
  const Reference reference(problem);
  const auto blocks = static_cast<Index>(order.size());
  MatrixXd activity = MatrixXd::Zero(blocks, blocks + 1);
  MatrixXd gradient = MatrixXd::Zero(blocks, blocks + 1);
  for (const std::size_t row : reference.sample(tiles)) {
    const std::vector<double> input = reference.input(row);
    std::vector<VectorXd> states{Eigen::Map<const VectorXd>(input.data(), static_cast<Index>(input.size()))};
    for (const Block& block : order) {
      const std::vector<double> residual =
          reference.residual(block, {states.back().data(), static_cast<std::size_t>(states.back().size())});
      states.emplace_back(states.back() + Eigen::Map<const VectorXd>(residual.data(), states.back().size()));
    }
    std::vector<VectorXd> gradients(order.size() + 1);
    gradients.back() = weight(problem, problem.truth.head).row(0).transpose();
    const auto hidden_gradient = [&](const Block& block, std::size_t place) -> VectorXd {
      const VectorXd active = (pre_activation(problem, block, states[place]).array() > 0).cast<double>();
      return active.cwiseProduct(weight(problem, block.compress).transpose() * gradients[place]);
    };
    for (std::size_t p = order.size(); p-- > 0;) {
      const VectorXd active = (pre_activation(problem, order[p], states[p]).array() > 0).cast<double>();
      gradients[p] =
          gradients[p + 1] + weight(problem, order[p].expand).transpose() *
                                 active.cwiseProduct(weight(problem, order[p].compress).transpose() * gradients[p + 1]);
    }
    for (std::size_t b = 0; b < order.size(); ++b) {
      for (std::size_t place = 0; place <= order.size(); ++place) {
        const VectorXd act = pre_activation(problem, order[b], states[place]).cwiseMax(0);
        activity(static_cast<Index>(b), static_cast<Index>(place)) += act.squaredNorm();
        gradient(static_cast<Index>(b), static_cast<Index>(place)) +=
            hidden_gradient(order[b], place).squaredNorm() / gradients[place].squaredNorm();
      }
    }
  }
  return activity.array().log() + gradient.array().log();
}

TEST(Homing, TableIsThatOfPlainLoopsAndEqualOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = make_planted(6, 5, 32 * kTiles - 7);
  const Blocks order = shuffled_blocks(problem, 3);
  Workbench alone(self, problem, {1, 1});
  const MatrixXd table = Homing(alone.evaluator(), kAllRows).table(order);
  MatrixXd expected = activities(problem, order, alone.evaluator().rows().tiles());
  expected.colwise() -= expected.rowwise().mean().eval();
  expected.rowwise() -= expected.colwise().mean().eval();
  ASSERT_EQ(table.rows(), 6);
  ASSERT_EQ(table.cols(), 6);
  for (Index b = 0; b < 6; ++b) {
    for (Index p = 0; p < 6; ++p) {
      // Behind its own position a block's places are those one farther on.
      EXPECT_NEAR(table(b, p), expected(b, p <= b ? p : p + 1), 1e-4) << b << ' ' << p;
    }
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    EXPECT_EQ(Homing(bench.evaluator(), kAllRows).table(order), table);
  }
}

TEST(Homing, HomeIsTheLowestPlaceWithinReach) {
  MatrixXd table(1, 6);
  table << 5, 1, 4, 3, 2, 0;
  EXPECT_EQ(home_within(table, 0, 2, 100), 5U);
  EXPECT_EQ(home_within(table, 0, 2, 2), 1U);
  EXPECT_EQ(home_within(table, 0, 3, 1), 4U);
  EXPECT_EQ(home_within(table, 0, 0, 0), 0U);
  EXPECT_EQ(home_within(table, 0, 9, 1), 5U) << "beyond the end";
}

}  // namespace
}  // namespace kintsugi
