#include "objective/homing.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <vector>

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

// A pass through the blocks of an order, row by row and with plain loops; relu.
struct Pass {
  std::vector<VectorXd> states;     // in front of each block, and behind the last one
  std::vector<VectorXd> residuals;  // of each block where it stands
  std::vector<VectorXd> gradients;  // of the first output, at the states
};

Pass pass_through(const PlantedProblem& problem, const Reference& reference, const Blocks& order, std::size_t row) {
  const std::vector<double> input = reference.input(row);
  Pass pass;
  pass.states.push_back(Eigen::Map<const VectorXd>(input.data(), static_cast<Index>(input.size())));
  for (const Block& block : order) {
    const VectorXd& state = pass.states.back();
    const std::vector<double> residual =
        reference.residual(block, {state.data(), static_cast<std::size_t>(state.size())});
    pass.residuals.push_back(Eigen::Map<const VectorXd>(residual.data(), state.size()));
    pass.states.emplace_back(state + pass.residuals.back());
  }
  pass.gradients.resize(order.size() + 1);
  pass.gradients.back() = weight(problem, problem.truth.head).row(0).transpose();
  for (std::size_t p = order.size(); p-- > 0;) {
    const VectorXd active = (pre_activation(problem, order[p], pass.states[p]).array() > 0).cast<double>();
    const VectorXd hidden = active.cwiseProduct(weight(problem, order[p].compress).transpose() * pass.gradients[p + 1]);
    pass.gradients[p] = pass.gradients[p + 1] + weight(problem, order[p].expand).transpose() * hidden;
  }
  return pass;
}

// The four tables, [blocks][places], before anything is taken off.
std::vector<MatrixXd> plain_signs(const PlantedProblem& problem, const Blocks& order, std::size_t tiles) {
  const Reference reference(problem);
  const std::size_t blocks = order.size();
  std::vector<MatrixXd> signs(4, MatrixXd::Zero(static_cast<Index>(blocks), static_cast<Index>(blocks)));
  std::vector<VectorXd> mean_states(blocks, VectorXd::Zero(static_cast<Index>(reference.input(0).size())));
  for (const std::size_t row : reference.sample(tiles)) {
    const Pass pass = pass_through(problem, reference, order, row);
    for (std::size_t place = 0; place < blocks; ++place) mean_states[place] += pass.states[place];
    for (std::size_t b = 0; b < blocks; ++b) {
      const VectorXd pulled_back = pass.gradients[b] - pass.gradients[b + 1];
      for (std::size_t place = 0; place < blocks; ++place) {
        const VectorXd state = place <= b ? pass.states[place] : VectorXd(pass.states[place + 1] - pass.residuals[b]);
        const VectorXd gradient =
            place >= b ? pass.gradients[place + 1] : VectorXd(pass.gradients[place] - pulled_back);
        const VectorXd before = pre_activation(problem, order[b], state);
        const VectorXd active = (before.array() > 0).cast<double>();
        const VectorXd hidden = active.cwiseProduct(weight(problem, order[b].compress).transpose() * gradient);
        const double along = (weight(problem, order[b].expand) * state).sum();
        const auto at = [&](std::size_t sign) -> double& {
          return signs[sign](static_cast<Index>(b), static_cast<Index>(place));
        };
        at(0) += before.cwiseMax(0).squaredNorm() / state.squaredNorm();
        at(1) += hidden.squaredNorm() / gradient.squaredNorm();
        at(2) += along / state.norm();
        at(3) += along;
      }
    }
  }
  signs[0] = signs[0].array().log();
  signs[1] = signs[1].array().log();
  for (std::size_t place = 0; place < blocks; ++place)
    signs[3].col(static_cast<Index>(place)) /= mean_states[place].norm();
  return signs;
}

TEST(Homing, SignsAreThoseOfPlainLoopsAndEqualOnEveryGrid) {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = mpi::Comm::self();
  const PlantedProblem problem = make_planted(6, 5, 32 * kTiles - 7);
  const Blocks order = shuffled_blocks(problem, 3);
  Workbench alone(self, problem, {1, 1});
  const std::vector<MatrixXd> signs = Homing(alone.evaluator(), kAllRows).signs(order);
  std::vector<MatrixXd> expected = plain_signs(problem, order, alone.evaluator().rows().tiles());
  ASSERT_EQ(signs.size(), expected.size());
  for (std::size_t k = 0; k < signs.size(); ++k) {
    expected[k].colwise() -= expected[k].rowwise().mean().eval();
    expected[k].rowwise() -= expected[k].colwise().mean().eval();
    expected[k] *= 6 / expected[k].norm();
    EXPECT_LT((signs[k] - expected[k]).cwiseAbs().maxCoeff(), 1e-3) << "sign " << k;
    EXPECT_NEAR(signs[k].norm(), 6, 1e-9) << "sign " << k;
  }
  for (const Grid grid : all_grids(world.size())) {
    Workbench bench(world, problem, grid);
    EXPECT_EQ(Homing(bench.evaluator(), kAllRows).signs(order), signs);
  }
}

TEST(Homing, LeavesLargeNetworksAlone) {
  const PlantedProblem problem = make_planted(6, 5, 32 * kTiles);
  const mpi::Comm self = mpi::Comm::self();
  Workbench alone(self, problem, {1, 1});
  EXPECT_TRUE(Homing(alone.evaluator(), {.most_blocks = 5}).signs(shuffled_blocks(problem, 3)).empty());
}

}  // namespace
}  // namespace kintsugi
